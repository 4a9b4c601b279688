//! `netlab field`: what a header field is.

use std::io;

use crate::error::{Error, Kind, Result};
use crate::explain::words::Language;
use crate::model::{FieldSpec, Header};
use crate::render::{Look, field, json::Json};

/// Suggestions for a key that does not exist.
const SUGGESTIONS: usize = 3;

/// What a header field is: its place in the header, how it reads, what it is for
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:\n  netlab field ip.ttl           one field\n  netlab field tcp              \
                        all fields of a header\n  netlab field                  all fields")]
pub struct Args {
    /// The field's display-filter key, as in Wireshark, or a header's name; without it every key is listed
    #[arg(value_name = "KEY")]
    pub key: Option<String>,
}

/// A row of a header's table, and the table.
pub type Row = (&'static Header, &'static FieldSpec);

/// Prints the field that `args` names out of `table`, or a list. The inner result is that of writing to `out`: a
/// closed pipe is no error of the command.
///
/// # Errors
/// When no field and no header of `table` has the name.
pub fn run(
    args: &Args,
    table: impl IntoIterator<Item = Row>,
    language: Language,
    look: Look,
    json: bool,
    out: &mut dyn io::Write,
) -> Result<io::Result<()>> {
    let table: Vec<Row> = table.into_iter().collect();
    let found: Vec<Row> = match &args.key {
        None => table.clone(),
        Some(key) => match table.iter().find(|(_, spec)| spec.key == key) {
            Some(row) => vec![*row],
            None => table.iter().copied().filter(|(header, _)| header.name == key).collect(),
        },
    };
    if let ([], Some(key)) = (&found[..], &args.key) {
        return Err(unknown(key, &table));
    }
    if json {
        let mut json = Json::new(language);
        return Ok(found.iter().try_for_each(|(header, spec)| json.field(out, header, spec)));
    }
    Ok(match (&found[..], &args.key) {
        ([(header, spec)], Some(key)) if spec.key == key => field::write(out, look, language, header, spec),
        _ => field::list(out, look, found),
    })
}

/// Checks that there is a field with this key.
///
/// # Errors
/// When there is none; the hint names those that are spelled like it.
pub fn known(key: &str) -> Result<()> {
    let table: Vec<Row> = crate::proto::all().collect();
    if table.iter().any(|(_, spec)| spec.key == key) { Ok(()) } else { Err(unknown(key, &table)) }
}

fn unknown(key: &str, table: &[Row]) -> Error {
    let mut near: Vec<(usize, &str)> = table.iter().map(|(_, spec)| (distance(key, spec.key), spec.key)).collect();
    near.sort_unstable();
    near.dedup();
    // Further off than a third of what was typed is no typing mistake any more.
    let close = near.iter().filter(|(steps, _)| *steps <= key.chars().count().div_ceil(3));
    let names: Vec<&str> = close.take(SUGGESTIONS).map(|(_, name)| *name).collect();
    let error = Error::new(Kind::Usage, format!("no field is called '{}'", key.escape_debug()));
    let error = if names.is_empty() { error } else { error.hint(format!("did you mean {}?", names.join(", "))) };
    error.hint("`netlab field` lists every key")
}

/// The fewest insertions, deletions and replacements that turn one text into the other; case does not count, and
/// neither does what lies beyond the 64th character.
fn distance(one: &str, other: &str) -> usize {
    let letters = |text: &str| text.chars().take(64).map(|c| c.to_ascii_lowercase()).collect::<Vec<_>>();
    let (one, other) = (letters(one), letters(other));
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (above, letter) in one.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = above + 1;
        for (column, against) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != against);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::samples::{ETH, ICMP, IP};

    fn table() -> Vec<Row> {
        [&ETH, &IP, &ICMP].into_iter().flat_map(|header| header.fields.iter().map(move |spec| (header, spec))).collect()
    }

    fn printed(key: Option<&str>, json: bool) -> Result<String> {
        let args = Args { key: key.map(str::to_owned) };
        let mut out = Vec::new();
        run(&args, table(), Language::English, Look::default(), json, &mut out)?.expect("a vector takes everything");
        Ok(String::from_utf8(out).expect("text"))
    }

    #[test]
    fn a_key_a_header_or_everything() {
        assert!(printed(Some("ip.ttl"), false).expect("known").starts_with("ip.ttl  Time to Live\n"));
        let header = printed(Some("icmp"), false).expect("known");
        assert!(header.contains("icmp.type") && !header.contains("ip.ttl"), "{header}");
        let all = printed(None, false).expect("always");
        assert!(table().iter().all(|(_, spec)| all.contains(spec.key)));
        assert_eq!(printed(None, true).expect("always").lines().count(), table().len());
        assert_eq!(printed(Some("ip.ttl"), true).expect("known").lines().count(), 1);
    }

    #[test]
    fn an_unknown_key_is_met_with_its_neighbours() {
        let error = printed(Some("ip.tll"), false).expect_err("no such key");
        assert_eq!(error.kind(), Kind::Usage);
        assert_eq!(error.to_string(), "no field is called 'ip.tll'");
        assert!(error.hints()[0].starts_with("did you mean ip.ttl"), "{:?}", error.hints());
        let error = printed(Some("\x1b[31mnonsense without end"), false).expect_err("no such key");
        assert_eq!(error.hints().len(), 1);
        assert!(!error.to_string().contains('\x1b'));
    }

    #[test]
    fn distance_counts_steps() {
        assert_eq!(distance("ip.ttl", "IP.TTL"), 0);
        assert_eq!(distance("ip.tll", "ip.ttl"), 1);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
