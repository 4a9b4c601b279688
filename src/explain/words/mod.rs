//! The catalogue: every teaching sentence, by language, in Fluent.
//!
//! A language is a directory of `.ftl` files, one a section; an id's section is its part before the first dot, and
//! its message is named by the id with dots written as hyphens (`ip.checksum.bad` → `ip-checksum-bad` in `ip.ftl`,
//! the field `ip.ttl` → `field-ip-ttl` in `field.ftl`). Either spelling is understood. A section is parsed when its
//! first sentence is needed, because a short run has no time to read sentences that it will not say.

mod message;

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

pub use message::Writer;
use message::{Message, Messages, Plural};

use crate::model::{Arg, Args, Named, Note};

/// A language that netlab speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
}

/// The text names no language that netlab speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownLanguage;

struct Section {
    name: &'static str,
    source: &'static str,
    messages: OnceLock<Messages>,
}

macro_rules! sections {
    ($language:literal: $($name:literal)*) => {
        [$(Section {
            name: $name,
            source: include_str!(concat!($language, "/", $name, ".ftl")),
            messages: OnceLock::new(),
        }),*]
    };
}

static ENGLISH: [Section; 24] = sections!(
    "en": "address" "arp" "connection" "dhcp" "dns" "event" "field" "frame" "handshake" "http" "icmp" "icmpv6"
    "ip" "judgement" "more" "path" "ping" "says" "sniff" "story" "stp" "tcp" "trace" "udp"
);

impl Language {
    /// Every language.
    pub const ALL: [Self; 1] = [Self::English];

    /// Its code for `--lang`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::English => "en",
        }
    }

    /// How it counts: Unicode's rules for plurals.
    fn plural(self) -> Plural {
        match self {
            Self::English => |number| if (number - 1.0).abs() < f64::EPSILON { "one" } else { "other" },
        }
    }

    fn sections(self) -> &'static [Section] {
        match self {
            Self::English => &ENGLISH,
        }
    }
}

impl FromStr for Language {
    type Err = UnknownLanguage;

    fn from_str(code: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|language| language.code() == code).ok_or(UnknownLanguage)
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Display for UnknownLanguage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("netlab does not speak this language; it speaks: en")
    }
}

impl std::error::Error for UnknownLanguage {}

/// The sentence `id` with `args` put in. Not yet escaped: the arguments may come from the network.
/// An id without words is shown as it is, so that a gap is seen and nothing fails.
#[must_use]
pub fn text(language: Language, id: &str, args: &[(&'static str, Arg)]) -> String {
    said(language, id, args)
}

/// The sentence of `note`, not yet escaped.
#[must_use]
pub fn of(language: Language, note: &Note) -> String {
    said(language, note.id, &note.args)
}

fn said(language: Language, id: &str, args: &(impl Named + ?Sized)) -> String {
    message(language, id, args).unwrap_or_else(|| id.to_owned())
}

/// A sentence that was looked up, for whoever says it often.
#[derive(Debug)]
pub struct Sentence {
    /// Its values are found by their place, where they have one.
    message: Message<(Option<usize>, &'static str)>,
    plural: Plural,
}

impl Sentence {
    /// The sentence of `note` and all that have its id. Its own words, not its values, are written as `change` makes them.
    #[must_use]
    pub fn of(language: Language, note: &Note, change: impl Fn(&str) -> String) -> Self {
        let message = match find(language, note.id) {
            Some(message) => message::changed(message, &change, &|name| (note.args.place(name), name)),
            None => vec![message::Part::Text(change(note.id).into())],
        };
        Self { message, plural: language.plural() }
    }

    /// Writes it with `args` put in, which have the names of those of the note it was made for.
    pub fn write(&self, out: &mut impl Writer, args: &Args) {
        let value = |(place, name): &(Option<usize>, &'static str)| place.and_then(|place| args.at(place)).ok_or(*name);
        message::write_with(out, &self.message, &value, self.plural);
    }
}

/// No arguments.
const NONE: &[(&str, Arg)] = &[];

/// What the field `key` (`ip.ttl`) means, where the catalogue says so.
#[must_use]
pub fn field(language: Language, key: &str) -> Option<String> {
    message(language, &format!("field.{key}"), NONE)
}

fn message(language: Language, id: &str, args: &(impl Named + ?Sized)) -> Option<String> {
    let mut out = String::new();
    write(&mut out, language, id, args).then_some(out)
}

/// Writes the sentence `id`; `false` when there is none.
fn write(out: &mut String, language: Language, id: &str, args: &(impl Named + ?Sized)) -> bool {
    let Some(message) = find(language, id) else { return false };
    message::write(out, message, args, language.plural());
    true
}

fn find(language: Language, id: &str) -> Option<&'static Message> {
    let name = id.split(['.', '-']).next().unwrap_or(id);
    language.sections().iter().find(|section| section.name == name)?.messages().of(id)
}

impl Section {
    fn messages(&self) -> &Messages {
        self.messages.get_or_init(|| Messages::read(self.source))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use fluent_bundle::FluentResource;
    use fluent_bundle::concurrent::FluentBundle;

    use super::*;
    use crate::explain::rules;

    /// The names of the messages of a catalogue file: the lines that begin with one.
    fn names(source: &str) -> impl Iterator<Item = &str> {
        source.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase())).map(|line| {
            let (name, _) = line.split_once(" =").unwrap_or_else(|| panic!("not a message: {line}"));
            name
        })
    }

    #[test]
    fn catalogues_are_sound() {
        for language in Language::ALL {
            for section in language.sections() {
                let resource = FluentResource::try_new(section.source.to_owned())
                    .unwrap_or_else(|(_, errors)| panic!("{language}/{}.ftl: {errors:?}", section.name));
                let mut bundle = FluentBundle::new_concurrent(Vec::new());
                bundle.add_resource(resource).unwrap_or_else(|errors| panic!("{}: {errors:?}", section.name));
                for name in names(section.source) {
                    assert!(bundle.has_message(name), "{name} is not read");
                    assert!(section.messages().of(name).is_some(), "{name} says it in a way that netlab does not know");
                    assert!(name.starts_with(&format!("{}-", section.name)), "{name} is in the wrong file");
                }
            }
        }
    }

    #[test]
    fn every_rule_has_words_in_every_language_and_every_sentence_a_rule() {
        for language in Language::ALL {
            let mut spoken = BTreeSet::new();
            for rule in rules() {
                let args: Vec<_> = rule.takes.iter().map(|&name| (name, Arg::from(format!("<{name}>")))).collect();
                let words = message(language, rule.id, &args[..]).unwrap_or_else(|| panic!("{}: no words", rule.id));
                assert!(!words.contains("{$"), "{}: a value that the rule does not give: {words}", rule.id);
                assert!(words.trim().len() > 8, "{}: {words:?}", rule.id);
                spoken.insert(rule.id.replace('.', "-"));
            }
            for section in
                language.sections().iter().filter(|section| !["field", "more", "says", "story"].contains(&section.name))
            {
                for name in names(section.source) {
                    assert!(spoken.contains(name), "{name}: no rule says it");
                }
            }
        }
    }

    #[test]
    fn every_value_given_is_used() {
        for language in Language::ALL {
            for rule in rules() {
                let args: Vec<_> = rule.takes.iter().map(|&name| (name, Arg::from(format!("<{name}>")))).collect();
                let words = message(language, rule.id, &args[..]).expect("tested above");
                for name in rule.takes {
                    assert!(words.contains(&format!("<{name}>")), "{}: {name} is not used", rule.id);
                }
            }
        }
    }

    /// Titles and phrases are no sentences.
    fn unfinished(name: &str) -> bool {
        name.contains("-heading") || ["more-", "says-", "story-"].iter().any(|phrase| name.starts_with(phrase))
    }

    #[test]
    fn words_are_plain_ascii_and_finished_sentences() {
        for section in Language::English.sections() {
            assert!(section.source.is_ascii(), "{}.ftl: glyphs are chosen by the renderer", section.name);
            for name in names(section.source).filter(|name| !unfinished(name)) {
                let rule = rules().find(|rule| rule.id.replace('.', "-") == name);
                let takes = rule.map_or(&[][..], |rule| rule.takes);
                let args: Vec<_> = takes.iter().map(|&name| (name, Arg::from("x"))).collect();
                let id = name.replacen('-', ".", 1);
                let words = message(Language::English, &id, &args[..]).unwrap_or_else(|| panic!("{name}"));
                assert!(words.ends_with(['.', '?', '"', ')']), "{name}: {words}");
                assert!(!words.contains(['{', '}', '\n']), "{name}: {words}");
            }
        }
    }

    #[test]
    fn every_field_has_words_and_all_words_about_fields_have_one() {
        let keys: BTreeSet<String> =
            crate::proto::all().map(|(_, spec)| format!("field-{}", spec.key.replace('.', "-"))).collect();
        for language in Language::ALL {
            let section = language.sections().iter().find(|section| section.name == "field").expect("a section");
            let spoken: BTreeSet<String> = names(section.source).map(str::to_owned).collect();
            let difference = |one: &BTreeSet<String>, other| one.difference(other).cloned().collect::<Vec<_>>();
            assert_eq!(difference(&keys, &spoken), [""; 0], "{language}: fields without words");
            assert_eq!(difference(&spoken, &keys), [""; 0], "{language}: words without a field");
        }
    }

    #[test]
    fn numbers_choose_their_plural() {
        let say = |count: u32| text(Language::English, "ping.late", &[("count", count.into())]);
        assert_ne!(say(1).replace('1', "N"), say(2).replace('2', "N"));
        assert!(say(3).contains('3') && !say(3).contains("3.0"));
    }

    #[test]
    fn an_unknown_id_is_shown_as_it_is() {
        assert_eq!(text(Language::English, "no.such.rule", &[]), "no.such.rule");
        assert_eq!(field(Language::English, "no.such.field"), None);
        assert_eq!("xx".parse::<Language>(), Err(UnknownLanguage));
    }
}
