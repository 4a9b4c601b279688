//! Keeps the house in order: who may import whom, and which outside things stay behind which wall.
//!
//! Works on the text of `src/`, comments and unit tests left out.

use std::fs;
use std::path::Path;

/// Module → modules of ours that it may import.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("error", &[]),
    ("proto", &["model"]),
    ("capture", &["model", "error"]),
    ("dissect", &["model", "proto"]),
    ("converse", &["model", "proto"]),
    ("engine", &["model", "proto", "dissect", "converse"]),
    ("explain", &["model", "proto", "converse"]),
    ("probe", &["model", "proto", "converse"]),
    ("filter", &["model", "error"]),
    ("wire", &["model", "error", "filter"]),
    ("session", &["model", "error", "probe", "wire", "engine"]),
    ("render", &["model", "proto", "converse", "engine", "explain", "capture"]),
    ("lab", &["model", "error"]),
    ("lesson", &["model", "error", "capture", "dissect", "converse", "explain", "lab"]),
];

/// Word → the only places where it may stand, as prefixes of paths below `src/`.
const STAYS_IN: &[(&str, &[&str])] = &[
    ("clap::", &["cmd", "main.rs"]),
    ("indicatif::", &["render/progress.rs"]),
    ("pnet::", &["proto", "wire"]),
    ("tokio::", &["wire", "session.rs", "lab", "cmd", "main.rs"]),
    ("socket2::", &["wire", "session.rs", "lab", "cmd", "main.rs"]),
    // Not `nix::errno`, which only names numbers.
    ("nix::sys", &["wire", "session.rs", "lab", "cmd", "main.rs", "capture/spool.rs"]),
    ("nix::unistd", &["wire", "lab", "cmd", "main.rs"]),
    ("nix::net", &["wire", "lab"]),
    ("std::net::UdpSocket", &["wire", "lab", "cmd"]),
    ("std::net::Tcp", &["wire", "lab", "cmd"]),
    ("rand::", &["wire", "session.rs", "lab", "cmd", "main.rs"]),
    ("Instant::now", &["wire", "session.rs", "lab", "cmd", "main.rs"]),
    ("SystemTime", &["wire", "session.rs", "lab", "cmd", "main.rs"]),
    ("println!", &[]),
    ("eprintln!", &[]),
];

/// The files that may hold `unsafe`, each small and audited.
const MAY_BE_UNSAFE: &[&str] = &[
    "lab/device.rs",
    "wire/cause/launch.rs",
    "wire/cause/notice.rs",
    "wire/packet_socket.rs",
    "wire/reverse.rs",
    "wire/ring.rs",
];

#[test]
fn the_house_is_in_order() {
    let mut files = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), "", &mut files);
    assert!(files.len() > 20, "only {} source files were found", files.len());
    let found = violations(&files);
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn a_planted_violation_is_found() {
    let plant = |path: &str, text: &str| violations(&[(path.to_owned(), text.to_owned())]);
    let clean = "//! clap:: in prose\nuse crate::model::Frame;\n// crate::wire in a comment\n";
    assert_eq!(plant("probe/ping.rs", clean), Vec::<String>::new());
    for (path, text) in [
        ("probe/ping.rs", "use crate::wire::Sniffer;"),
        ("probe/ping.rs", "use crate::{model::Frame, wire};"),
        ("probe/ping.rs", "let now = std::time::Instant::now();"),
        ("model/frame.rs", "fn f() -> crate::error::Error {}"),
        ("model/frame.rs", "use super::super::error::Error;"),
        ("render/text.rs", "println!(\"stdout\");"),
        ("explain/ping.rs", "use tokio::time::sleep;"),
        ("proto/ip.rs", "let x = unsafe { y };"),
        ("nowhere/new.rs", "use crate::model::Frame;"),
    ] {
        assert_eq!(plant(path, text).len(), 1, "{path}: {text}");
    }
    let in_tests = "fn a() {}\n#[cfg(test)]\nmod tests {\n use crate::wire::Sniffer;\n}\n";
    assert_eq!(plant("probe/ping.rs", in_tests), Vec::<String>::new());
}

/// Every `.rs` file below `folder` as (path below `src/`, text).
fn collect(folder: &Path, prefix: &str, files: &mut Vec<(String, String)>) {
    let entries = fs::read_dir(folder).expect("src/ can be read");
    for entry in entries {
        let entry = entry.expect("src/ can be read");
        let name = entry.file_name().into_string().expect("a UTF-8 name");
        let path = format!("{prefix}{name}");
        if entry.file_type().expect("a file type").is_dir() {
            if name == "tests" {
                continue;
            }
            collect(&entry.path(), &format!("{path}/"), files);
        } else if Path::new(&name).extension().is_some_and(|extension| extension == "rs") && name != "tests.rs" {
            files.push((path, fs::read_to_string(entry.path()).expect("a UTF-8 file")));
        }
    }
}

/// What breaks a rule, one line each.
fn violations(files: &[(String, String)]) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in files {
        let module = path.split(['/', '.']).next().unwrap_or_default();
        let code = code_of(text);
        let free = matches!(module, "cmd" | "main" | "lib");
        let table = MAY_IMPORT.iter().find(|(name, _)| *name == module);
        if table.is_none() && !free {
            found.push(format!("src/{path}: module `{module}` has no line in the import table"));
        }
        for imported in imports(&code) {
            let allowed = free || imported == module || table.is_none_or(|(_, may)| may.contains(&imported.as_str()));
            if !allowed {
                found.push(format!("src/{path}: `{module}` may not import `{imported}`"));
            }
        }
        for (word, places) in STAYS_IN {
            if contains_word(&code, word) && !places.iter().any(|place| path.starts_with(place)) {
                found.push(format!("src/{path}: `{word}` does not belong here"));
            }
        }
        if contains_word(&code, "unsafe") && !MAY_BE_UNSAFE.contains(&path.as_str()) {
            found.push(format!("src/{path}: `unsafe` outside the audited files"));
        }
    }
    found
}

/// `text` without comments and without the unit tests at its end.
fn code_of(text: &str) -> String {
    let body = text.find("#[cfg(test)]\nmod tests {").map_or(text, |end| &text[..end]);
    body.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// Modules of ours named in `code`: `crate::name`, `crate::{name…, name…}`, `super::super::name`.
fn imports(code: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for (start, marker) in code.match_indices("crate::").chain(code.match_indices("super::super::")) {
        let rest = &code[start + marker.len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut name = String::new();
            for character in group.chars() {
                match character {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => found.push(std::mem::take(&mut name)),
                    _ if depth == 0 => name.push(character),
                    _ => {}
                }
            }
            found.push(name);
        } else {
            found.push(rest.to_owned());
        }
    }
    for name in &mut found {
        *name = name.trim().chars().take_while(|&c| c.is_alphanumeric() || c == '_').collect();
    }
    found.retain(|name| name.chars().next().is_some_and(char::is_lowercase));
    found.sort();
    found.dedup();
    found
}

/// Whether `word` stands in `code` and is not the end of a longer name.
fn contains_word(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(start, _)| {
        let before = code[..start].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}
