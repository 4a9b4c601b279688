//! Runs every console block of the README and the lessons, and compares what it prints.
//!
//! A block is fenced as `console`; each line that begins with `$ ` is a command, run by `sh` in an empty folder with
//! this `netlab` first in the path, and the lines after it are what it must print. A line `…` stands for any number
//! of lines. What differs from run to run is redacted on both sides by the rules in [`RULES`].
//!
//! `NETLAB_UPDATE_BLOCKS=1 cargo test --test blocks` writes what the commands print now into the files
//! (blocks with a `…` line excepted). `NETLAB_UPDATE_BLOCKS=all` does so with the right ones as well, so that the numbers
//! in each are those of one run again.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use regex::Regex;

/// What differs from run to run → what stands for it. Applied in order to every line, expected or printed.
const RULES: &[(&str, &str)] = &[
    // Columns move with the width of the numbers in them.
    (r"[ \t]+", " "),
    (r"time \d+ms", "time Tms"),
    // Initial sequence numbers are random.
    (r"\(raw \d+\)", "(raw N)"),
    // How far a system scales its windows depends on its memory.
    (r"WS=\d+", "WS=N"),
    (r"\(x\d+, x\d+\)", "(xN, xN)"),
    (r"(id|ID)=0x[0-9a-f]{1,4}", "${1}=0xI"),
    (r"[Cc]hecksum 0x[0-9a-f]{1,4}", "checksum 0xC"),
    (r#""(min|avg|max|mdev|rtt|time|relative)":\d+"#, "\"${1}\":T"),
    // A number with one point is a time; an address has three.
    (r"(^|[^\d.])\d+\.\d+([^\d.]|$)", "${1}T${2}"),
    (r"(^|[^\d.])\d+\.\d+([^\d.]|$)", "${1}T${2}"),
    // A path is drawn to the scale of its times, and has as many of them below it as there is room for.
    (r"─+", "─"),
    (r"^ (T )+T ms$", " T ms"),
    // Ports that the operating system chooses.
    (r"(:|^|[^\d.])(3[2-9]|4\d|5\d|6[0-5])\d{3}([^\d.]|$)", "${1}P${3}"),
];

struct Step {
    /// Line of the command in its file, from 0.
    line: usize,
    command: String,
    expected: Vec<String>,
}

#[test]
fn every_console_block_prints_what_it_says() {
    if !support::require_lab() {
        return;
    }
    let rules: Vec<(Regex, &str)> =
        RULES.iter().map(|(pattern, stand_in)| (Regex::new(pattern).expect("a valid rule"), *stand_in)).collect();
    let update = std::env::var("NETLAB_UPDATE_BLOCKS").ok();
    let mut failures = Vec::new();
    let mut commands = 0;
    for file in documents() {
        let text = fs::read_to_string(&file).expect("the document can be read");
        let steps = steps(&text);
        commands += steps.len();
        let mut wrong = Vec::new();
        for step in &steps {
            let printed = run(step);
            if let Some(missing) = printed.iter().find(|line| is_missing(line)) {
                let place = format!("{}:{}", file.display(), step.line + 1);
                assert!(std::env::var_os("NETLAB_REQUIRE_LAB").is_none(), "{place}: {missing}");
                eprintln!("SKIPPED: {place}: {missing}");
                continue;
            }
            let redact = |lines: &[String]| lines.iter().map(|line| redacted(line, &rules)).collect::<Vec<_>>();
            if matches(&redact(&step.expected), &redact(&printed)) {
                if update.as_deref() == Some("all") {
                    wrong.push((step, printed));
                }
            } else {
                let place = format!("{}:{}", file.display(), step.line + 1);
                failures.push(format!(
                    "{place}: $ {}\n--- the document says\n{}\n--- it prints\n{}\n",
                    step.command,
                    step.expected.join("\n"),
                    printed.join("\n")
                ));
                wrong.push((step, printed));
            }
        }
        if update.is_some() && !wrong.is_empty() {
            fs::write(&file, updated(&text, &wrong)).expect("the document can be written");
        }
    }
    assert!(commands > 0, "no console block was found");
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

#[test]
fn a_wrong_block_is_found() {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    assert!(matches(&lines("a\n…\nd"), &lines("a\nb\nc\nd")));
    assert!(matches(&lines("a\n…"), &lines("a")));
    assert!(!matches(&lines("a\n…\nd"), &lines("a\nb\nc")));
    assert!(!matches(&lines("a"), &lines("a\nb")));
    assert!(!matches(&lines("a\nb"), &lines("a")));
    let rules: Vec<(Regex, &str)> =
        RULES.iter().map(|(pattern, stand_in)| (Regex::new(pattern).expect("a valid rule"), *stand_in)).collect();
    assert_eq!(redacted("  0.4  12.5 192.168.11.1 id=0x1a2b :49152", &rules), " T T 192.168.11.1 id=0xI :P");
    assert_ne!(redacted("ttl=64", &rules), redacted("ttl=63", &rules));
    assert_ne!(redacted("192.168.11.1", &rules), redacted("192.168.11.7", &rules));
}

/// The README and every page of the course.
fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = vec![root.join("README.md")];
    if let Ok(lessons) = fs::read_dir(root.join("lessons")) {
        found.extend(lessons.map(|entry| entry.expect("an entry").path()));
    }
    found.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    found.sort();
    found
}

fn steps(text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut inside = false;
    for (line, content) in text.lines().enumerate() {
        if content.starts_with("```") {
            inside = content == "```console";
        } else if inside {
            if let Some(command) = content.strip_prefix("$ ") {
                steps.push(Step { line, command: command.to_owned(), expected: Vec::new() });
            } else if let Some(step) = steps.last_mut() {
                step.expected.push(content.to_owned());
            }
        }
    }
    steps
}

/// What the command prints, to standard output and standard error alike.
fn run(step: &Step) -> Vec<String> {
    let binary = Path::new(env!("CARGO_BIN_EXE_netlab"));
    let folder = binary.parent().expect("a folder");
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap_or_default());
    let empty = support::scratch("blocks");
    let output = Command::new("sh")
        .args(["-c", &format!("exec 2>&1; {}", step.command)])
        .current_dir(&empty)
        .env("PATH", path)
        .env("LC_ALL", "C.UTF-8")
        .env("NO_COLOR", "1")
        .env("COLUMNS", "80")
        .output()
        .expect("sh runs");
    String::from_utf8(output.stdout).expect("UTF-8").lines().map(|line| line.trim_end().to_owned()).collect()
}

/// Whether a line says that a program is not installed: on a bare machine some blocks cannot be run.
fn is_missing(line: &str) -> bool {
    line.starts_with("netlab: there is no program called") || line.starts_with("sh: ") && line.ends_with(": not found")
}

fn redacted(line: &str, rules: &[(Regex, &str)]) -> String {
    rules
        .iter()
        .fold(line.to_owned(), |line, (rule, stand_in)| rule.replace_all(&line, *stand_in).into_owned())
        .trim_end()
        .to_owned()
}

/// Whether `printed` is what `expected` says, `…` standing for any number of lines.
fn matches(expected: &[String], printed: &[String]) -> bool {
    match expected.split_first() {
        None => printed.is_empty(),
        Some((first, rest)) if first.trim() == "…" => (0..=printed.len()).any(|skip| matches(rest, &printed[skip..])),
        Some((first, rest)) => printed.first() == Some(first) && matches(rest, &printed[1..]),
    }
}

/// `text` with the output of each `wrong` step replaced by what was printed, unless it leaves something out on purpose.
fn updated(text: &str, wrong: &[(&Step, Vec<String>)]) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let mut out: Vec<&str> = Vec::new();
    let mut next = 0;
    for (step, printed) in wrong.iter().filter(|(step, _)| step.expected.iter().all(|line| line.trim() != "…")) {
        out.extend(&lines[next..=step.line]);
        out.extend(printed.iter().map(String::as_str));
        next = step.line + 1 + step.expected.len();
    }
    out.extend(&lines[next..]);
    out.join("\n") + "\n"
}
