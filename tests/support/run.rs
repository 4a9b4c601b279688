//! One run of the binary: what it printed and how it ended.

use std::process::Output;

use serde_json::Value;

use super::netlab;

/// What a run printed and how it ended.
pub struct Run {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).expect("UTF-8"),
            err: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }
}

impl Run {
    /// The JSON objects of one type; lines of other programs in the same script are left out.
    pub fn objects(&self, kind: &str) -> Vec<Value> {
        let json = self.out.lines().filter(|line| line.starts_with('{'));
        let all = json.map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        all.filter(|object| object["type"] == kind).collect()
    }

    /// The summary, which must be the last object.
    pub fn summary(&self) -> Value {
        let last = self.out.lines().rfind(|line| line.starts_with('{'));
        let last = last.unwrap_or_else(|| panic!("no JSON in\n{}{}", self.out, self.err));
        let last: Value = serde_json::from_str(last).expect("JSON");
        assert_eq!(last["type"], "summary", "the last object");
        last
    }

    /// The identifiers of the verdict's notes.
    pub fn notes(&self) -> Vec<String> {
        self.objects("note").iter().map(|note| note["id"].as_str().expect("an id").to_owned()).collect()
    }

    /// Whether the verdict has this note.
    pub fn has(&self, note: &str) -> bool {
        self.notes().iter().any(|id| id == note)
    }
}

/// Runs the binary.
pub fn run(arguments: &[&str]) -> Run {
    netlab(arguments).output().expect("netlab runs").into()
}

/// Runs a shell script on the learner's host of a fresh lab; `$NETLAB` is the binary, and `on NODE COMMAND…` runs a
/// command on another node.
pub fn script(scenario: &str, text: &str) -> Run {
    let lab = format!("--lab={scenario}");
    let text = format!("on() {{ node=$1; shift; \"$NETLAB\" lab --on \"$node\" -- \"$@\"; }}\n{text}");
    netlab([&lab, "lab", "--", "sh", "-ec", &text]).output().expect("netlab runs").into()
}
