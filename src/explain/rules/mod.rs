//! The tables of every rule: its id, what its claim is worth, and the standard it leans on.
//!
//! A topic is a file, which has the name of the ids' first part and of the catalogue that holds the words: `arp.probe` is
//! in `rules/arp.rs` and says what stands in `words/en/arp.ftl`.

use smallvec::SmallVec;

use crate::model::{Arg, Args, Claim, FrameNo, Note, Severity};

/// One thing netlab can claim. Its words are in the catalogue under `id`.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// Identifier, such as `ping.answered`.
    pub id: &'static str,
    /// What the claim is worth.
    pub kind: Claim,
    /// How much attention it deserves.
    pub severity: Severity,
    /// The standard, with its section where it has numbered ones; `None` where no standard says it.
    pub source: Option<&'static str>,
    /// Names of the values that its words may use.
    pub takes: &'static [&'static str],
}

impl Rule {
    /// This claim about `frames`, with the values of `takes` in the same order.
    pub(super) fn note<const N: usize>(
        &'static self,
        frames: impl IntoIterator<Item = FrameNo>,
        values: [Arg; N],
    ) -> Note {
        debug_assert_eq!(N, self.takes.len(), "the values of {}", self.id);
        let mut about = SmallVec::<[FrameNo; 4]>::new();
        // Pushed one by one, for there is hardly ever more than one: to collect them takes longer.
        for frame in frames {
            about.push(frame);
        }
        if about.len() > 1 {
            about.sort_unstable();
            about.dedup();
        }
        let args = Args::new(self.takes, values);
        Note { id: self.id, kind: self.kind, severity: self.severity, frames: about, args, source: self.source }
    }
}

/// The rules of one topic: a name in the code, and a [`Rule`]'s members in their order.
macro_rules! table {
    ($($name:ident $id:literal $kind:ident $severity:ident $source:expr, [$($takes:literal)*];)*) => {
        $(pub(in crate::explain) static $name: $crate::explain::Rule = $crate::explain::Rule {
            id: $id,
            kind: $crate::model::Claim::$kind,
            severity: $crate::model::Severity::$severity,
            source: $source,
            takes: &[$($takes),*],
        };)*
        pub(super) static ALL: &[&$crate::explain::Rule] = &[$(&$name),*];
    };
}

macro_rules! topics {
    ($($topic:ident)*) => {
        $(mod $topic;)*
        $(pub(super) use $topic::*;)*
        static TOPICS: &[(&str, &[&Rule])] = &[$((stringify!($topic), $topic::ALL)),*];
    };
}

topics! {
    address arp connection dhcp dns event frame handshake http icmp icmpv6 ip judgement path ping sniff stp tcp trace udp
}

/// Every rule, topic by topic.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    TOPICS.iter().flat_map(|(_, rules)| rules.iter().copied())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_are_unique_and_well_formed() {
        let mut seen = HashSet::new();
        for rule in rules() {
            assert!(seen.insert(rule.id), "{} twice", rule.id);
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.' || c == '-';
            assert!(rule.id.chars().all(plain), "{}", rule.id);
        }
    }

    #[test]
    fn a_rule_stands_in_the_table_of_its_topic() {
        for (topic, rules) in TOPICS {
            for rule in *rules {
                assert_eq!(rule.id.split_once('.').map(|(section, _)| section), Some(*topic), "{}", rule.id);
            }
        }
    }

    #[test]
    fn sources_are_citations() {
        for rule in rules() {
            let Some(source) = rule.source else { continue };
            let (rfc, section) = source.split_once(" §").unwrap_or((source, "1"));
            assert!(rfc.strip_prefix("RFC ").is_some_and(|number| number.parse::<u16>().is_ok()), "{source}");
            assert!(section.split('.').all(|part| part.parse::<u8>().is_ok()), "{source}");
        }
    }

    /// Sections whose tests look at the sentences instead of the ids.
    const BY_WORDS: [&str; 6] = ["event", "handshake", "judgement", "path", "sniff", "trace"];

    #[test]
    fn every_rule_is_named_in_a_test() {
        let mut tests = String::new();
        collect(std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/explain")), &mut tests);
        for rule in rules() {
            let section = rule.id.split('.').next().unwrap_or_default();
            if !BY_WORDS.contains(&section) && !rule.id.contains(".heading") {
                assert!(tests.contains(&format!("\"{}\"", rule.id)), "{}: no test shows when it is said", rule.id);
            }
        }
    }

    /// The text of all tests below `folder`.
    fn collect(folder: &std::path::Path, tests: &mut String) {
        for entry in std::fs::read_dir(folder).expect("the sources can be read") {
            let path = entry.expect("the sources can be read").path();
            if path.is_dir() {
                collect(&path, tests);
            } else if let Ok(text) = std::fs::read_to_string(&path) {
                let is_test = path.file_name().is_some_and(|name| name.to_string_lossy().ends_with("tests.rs"))
                    || path.components().any(|part| part.as_os_str() == "tests");
                let begin = if is_test { Some(0) } else { text.find("#[cfg(test)]\nmod tests {") };
                tests.push_str(begin.map_or("", |begin| &text[begin..]));
            }
        }
    }
}
