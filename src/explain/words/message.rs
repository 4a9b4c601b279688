//! Messages as they are written: text, places for values, and forms that a number chooses between. A capture has a million
//! packets with a sentence or more each, so a message is taken apart once, and written many times.
//!
//! Of Fluent's language this is what sentences need: variables, text in quotes, and a choice by a variable.

use std::borrow::{Borrow, Cow};
use std::collections::HashMap;
use std::fmt::{self, Write};
use std::hash::{Hash, Hasher};
use std::net::IpAddr;

use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement, Variant, VariantKey};
use fluent_syntax::parser;
use fluent_syntax::unicode::unescape_unicode_to_string;

use crate::model::{Arg, Millis, Named};
use crate::proto::decimal;

/// The messages of one section, by their names.
#[derive(Debug)]
pub(super) struct Messages(HashMap<Name<'static>, Message>);

/// A message's name. Dots and hyphens are the same in it.
#[derive(Clone, Copy, Debug)]
struct Name<'a>(&'a str);

/// One message. Its values are named, or found in some other way that was made of their names.
pub(super) type Message<N = &'static str> = Vec<Part<N>>;

/// A part of a message.
#[derive(Debug)]
pub(super) enum Part<N> {
    Text(Cow<'static, str>),
    Value(N),
    /// By this value.
    Choice(N, Vec<(Key, Message<N>)>, Message<N>),
}

/// When a form is chosen.
#[derive(Clone, Copy, Debug)]
pub(super) enum Key {
    Number(f64),
    /// A word that the value is, or the grammatical number of a value.
    Word(&'static str),
}

/// The grammatical number of a value, in Unicode's word for it.
pub(super) type Plural = fn(f64) -> &'static str;

impl Messages {
    /// Reads a catalogue file. What is not sound is left out: a test proves that everything is.
    pub fn read(source: &'static str) -> Self {
        let resource = parser::parse(source).unwrap_or_else(|(resource, _)| resource);
        let messages = resource.body.into_iter().filter_map(|entry| match entry {
            Entry::Message(message) => Some((Name(message.id.name), parts(message.value?)?)),
            _ => None,
        });
        Self(messages.collect())
    }

    /// The message with this name or id.
    pub fn of(&self, id: &str) -> Option<&Message> {
        self.0.get(&Name(id) as &dyn Spelled)
    }
}

/// A name, however long it lives: what keys of the map and ids that are looked up have in common.
trait Spelled {
    fn text(&self) -> &str;
}

impl Spelled for Name<'_> {
    fn text(&self) -> &str {
        self.0
    }
}

impl<'a> Borrow<dyn Spelled + 'a> for Name<'static> {
    fn borrow(&self) -> &(dyn Spelled + 'a) {
        self
    }
}

impl PartialEq for dyn Spelled + '_ {
    fn eq(&self, other: &Self) -> bool {
        Name(self.text()) == Name(other.text())
    }
}

impl Eq for dyn Spelled + '_ {}

impl Hash for dyn Spelled + '_ {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Name(self.text()).hash(state);
    }
}

impl Name<'_> {
    fn bytes(&self) -> impl Iterator<Item = u8> {
        self.0.bytes().map(|byte| if byte == b'.' { b'-' } else { byte })
    }
}

impl PartialEq for Name<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.0.len() == other.0.len() && self.bytes().eq(other.bytes())
    }
}

impl Eq for Name<'_> {}

impl Hash for Name<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Fowler, Noll and Vo's hash: short, and the names are our own.
        let fold = |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        state.write_u64(self.bytes().fold(0xcbf2_9ce4_8422_2325, fold));
    }
}

/// The parts of a pattern; `None` when it says what this file does not understand.
fn parts(pattern: Pattern<&'static str>) -> Option<Message> {
    pattern.elements.into_iter().map(part).collect()
}

fn part(element: PatternElement<&'static str>) -> Option<Part<&'static str>> {
    let expression = match element {
        PatternElement::TextElement { value } => return Some(Part::Text(Cow::Borrowed(value))),
        PatternElement::Placeable { expression } => expression,
    };
    match expression {
        Expression::Inline(InlineExpression::StringLiteral { value }) => {
            Some(Part::Text(unescape_unicode_to_string(value)))
        }
        Expression::Inline(InlineExpression::VariableReference { id }) => Some(Part::Value(id.name)),
        Expression::Select { selector: InlineExpression::VariableReference { id }, variants } => {
            let (mut forms, mut fallback) = (Vec::new(), None);
            for Variant { key, value, default } in variants {
                if default {
                    fallback = Some(parts(value)?);
                } else {
                    forms.push((self::key(&key)?, parts(value)?));
                }
            }
            Some(Part::Choice(id.name, forms, fallback?))
        }
        _ => None,
    }
}

fn key(key: &VariantKey<&'static str>) -> Option<Key> {
    match key {
        VariantKey::Identifier { name } => Some(Key::Word(name)),
        VariantKey::NumberLiteral { value } => Some(Key::Number(value.parse().ok()?)),
    }
}

/// Somebody who writes sentences down.
pub trait Writer {
    /// Words of the catalogue, or the name of a value that is missing.
    fn words(&mut self, words: &str);
    /// A value, which may come from the network.
    fn value(&mut self, value: &Arg);
}

impl Writer for String {
    fn words(&mut self, words: &str) {
        self.push_str(words);
    }

    fn value(&mut self, arg: &Arg) {
        // Writing to a string does not fail.
        let _ = value(self, arg);
    }
}

/// `message` with what `change` makes of its words, and `find` of the names of its values.
pub(super) fn changed<N>(
    message: &Message,
    change: &dyn Fn(&str) -> String,
    find: &dyn Fn(&'static str) -> N,
) -> Message<N> {
    let change_part = |part: &Part<&'static str>| match part {
        Part::Text(text) => Part::Text(Cow::Owned(change(text))),
        Part::Value(name) => Part::Value(find(name)),
        Part::Choice(name, forms, fallback) => {
            let forms = forms.iter().map(|(key, form)| (*key, changed(form, change, find)));
            Part::Choice(find(name), forms.collect(), changed(fallback, change, find))
        }
    };
    message.iter().map(change_part).collect()
}

/// Writes `message` with `args` put in. A value that is missing is written as its name: better than no sentence.
pub(super) fn write(out: &mut impl Writer, message: &Message, args: &(impl Named + ?Sized), plural: Plural) {
    write_with(out, message, &|name: &&'static str| args.named(name).ok_or(*name), plural);
}

/// The same with what `value` finds, or else the name that it gives.
pub(super) fn write_with<'a, N>(
    out: &mut impl Writer,
    message: &Message<N>,
    value: &impl Fn(&N) -> Result<&'a Arg, &'static str>,
    plural: Plural,
) {
    for part in message {
        match part {
            Part::Text(text) => out.words(text),
            Part::Value(name) => match value(name) {
                Ok(arg) => out.value(arg),
                Err(name) => out.words(&format!("{{${name}}}")),
            },
            Part::Choice(name, forms, fallback) => {
                let given = value(name).ok();
                let form = forms.iter().find(|(key, _)| given.is_some_and(|arg| chooses(arg, key, plural)));
                write_with(out, form.map_or(fallback, |(_, form)| form), value, plural);
            }
        }
    }
}

#[allow(clippy::float_cmp)] // a form for 0 or 1 is for just that
fn chooses(arg: &Arg, key: &Key, plural: Plural) -> bool {
    match (arg, key) {
        (Arg::Number(number), Key::Number(wanted)) => number == wanted,
        (Arg::Number(number), Key::Word(word)) => plural(*number) == *word,
        (Arg::Text(text), Key::Word(word)) => **text == **word,
        (Arg::Word(text), Key::Word(word)) => text == word,
        _ => false,
    }
}

fn value(out: &mut String, arg: &Arg) -> fmt::Result {
    match arg {
        // The shortest digits of what is no count take long to find.
        Arg::Number(number) => match arg.count() {
            Some(count) => decimal(out, count),
            None => write!(out, "{number}"),
        },
        Arg::Text(text) => out.write_str(text),
        Arg::Word(word) => out.write_str(word),
        Arg::Ip(IpAddr::V4(address)) => {
            let [a, b, c, d] = address.octets();
            for (place, byte) in [a, b, c, d].into_iter().enumerate() {
                out.push_str(if place > 0 { "." } else { "" });
                decimal(out, byte)?;
            }
            Ok(())
        }
        Arg::Ip(address) => write!(out, "{address}"),
        Arg::Mac(address) => write!(out, "{address}"),
        Arg::Frame(frame) => write!(out, "{frame}"),
        Arg::Millis(span) => write!(out, "{}", Millis(*span)),
    }
}

#[cfg(test)]
mod tests {
    use fluent_bundle::concurrent::FluentBundle;
    use fluent_bundle::{FluentArgs, FluentResource, FluentValue};

    use super::*;
    use crate::explain::words::Language;

    const SOURCE: &str = "\
a-one = Plain.
a-two = { $count ->
    [0] none
    [one] one { $what }
   *[other] { $count } { $what }s
 }{ \" \" }here
a-three = { $what ->
    [apple] red
   *[other] { $what }?
 }
a-four = { $missing }
";

    fn said(id: &str, count: f64, what: &str) -> String {
        let messages = Messages::read(SOURCE);
        let args = [("count", Arg::Number(count)), ("what", Arg::from(what))];
        let mut out = String::new();
        write(&mut out, messages.of(id).expect("a message"), &args[..], |n| {
            if (n - 1.0).abs() < 0.5 { "one" } else { "other" }
        });
        out
    }

    #[test]
    fn values_and_forms_are_put_in() {
        assert_eq!(said("a.one", 0.0, ""), "Plain.");
        assert_eq!(said("a.two", 0.0, "apple"), "none here");
        assert_eq!(said("a-two", 1.0, "apple"), "one apple here");
        assert_eq!(said("a.two", 2.0, "apple"), "2 apples here");
        assert_eq!(said("a.three", 2.0, "apple"), "red");
        assert_eq!(said("a.three", 2.0, "pear"), "pear?");
        assert_eq!(said("a.four", 2.0, "pear"), "{$missing}");
        assert!(Messages::read(SOURCE).of("a.five").is_none());
    }

    #[test]
    fn every_message_reads_as_fluent_itself_writes_it() {
        for language in Language::ALL {
            for section in language.sections() {
                let resource = FluentResource::try_new(section.source.to_owned()).expect("tested elsewhere");
                let mut bundle = FluentBundle::new_concurrent(vec![language.code().parse().expect("a language")]);
                bundle.set_use_isolating(false);
                bundle.add_resource(resource).expect("tested elsewhere");
                for (Name(name), message) in &section.messages().0 {
                    let mut names = Vec::new();
                    variables(message, &mut names);
                    for number in [0.0, 1.0, 2.0, 21.0, 1000.0, 65535.5] {
                        let (mut given, mut args) = (FluentArgs::new(), Vec::new());
                        for name in &names {
                            given.set(*name, FluentValue::from(number));
                            args.push((*name, Arg::Number(number)));
                        }
                        let pattern = bundle.get_message(name).and_then(|message| message.value()).expect("a message");
                        let theirs = bundle.format_pattern(pattern, Some(&given), &mut Vec::new());
                        let mut ours = String::new();
                        write(&mut ours, message, &args[..], language.plural());
                        assert_eq!(ours, theirs, "{name} with {number}");
                    }
                }
            }
        }
    }

    fn variables(message: &Message, names: &mut Vec<&'static str>) {
        for part in message {
            match part {
                Part::Text(_) => {}
                Part::Value(name) => names.push(name),
                Part::Choice(name, forms, fallback) => {
                    names.push(name);
                    forms.iter().map(|(_, form)| form).chain([fallback]).for_each(|form| variables(form, names));
                }
            }
        }
    }
}
