//! Draws a topology as a tree of lines, seen from the learner's node, at most 80 columns wide.

use std::io::{self, Write};

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::topology::{Link, LinkKind, Topology};

const WIDTH: usize = 80;

/// The lines that trees are drawn with.
#[derive(Clone, Copy, Debug)]
struct Strokes {
    branch: &'static str,
    last: &'static str,
    down: &'static str,
    switch: &'static str,
    cut: &'static str,
}

const UNICODE: Strokes =
    Strokes { branch: "├─ ", last: "└─ ", down: "│", switch: "╪═══ ", cut: "…" };
const ASCII: Strokes = Strokes { branch: "|- ", last: "`- ", down: "|", switch: "+=== ", cut: "~" };

/// Writes the map of `topology`, called `name`, to `out`; in plain ASCII if `ascii`.
///
/// # Errors
/// Those of `out`.
pub fn draw(topology: &Topology, name: &str, ascii: bool, out: &mut dyn Write) -> io::Result<()> {
    let strokes = if ascii { ASCII } else { UNICODE };
    let mut map = Map { topology, strokes, rows: Vec::new(), seen: vec![false; topology.nodes.len()] };
    let host = topology.nodes.iter().position(|node| node.name == topology.host);
    for start in host.into_iter().chain(0..topology.nodes.len()) {
        if !map.seen[start] {
            map.node(start, None, "", "");
        }
    }
    let heading = format!("{name}: {}", topology.title);
    let rows = map.rows.iter().flat_map(|row| map.lines(row));
    for line in [heading, String::new()].into_iter().chain(rows) {
        writeln!(out, "{}", clip(&printable(&line, ascii), strokes.cut).trim_end())?;
    }
    Ok(())
}

struct Map<'t> {
    topology: &'t Topology,
    strokes: Strokes,
    rows: Vec<Row>,
    seen: Vec<bool>,
}

/// A line of the map, or more where its note is long.
struct Row {
    /// What is drawn before the name.
    lead: String,
    /// What is drawn instead where the note goes on below.
    below: String,
    name: String,
    /// Address, and MAC address or name. A link has none.
    columns: Option<(String, String)>,
    note: String,
}

impl<'t> Map<'t> {
    /// Adds the row of node `n`, met through its interface on `from`, and what lies behind it.
    fn node(&mut self, n: usize, from: Option<&Link>, lead: &str, below: &str) {
        let topology = self.topology;
        let node = &topology.nodes[n];
        if std::mem::replace(&mut self.seen[n], true) {
            self.row(lead, below, &node.name, None, "see above");
            return;
        }
        let is_behind = |link: &&Link| {
            from.is_none_or(|from| from.name != link.name) && node.interfaces.iter().any(|card| card.link == link.name)
        };
        let links: Vec<&'t Link> = topology.links.iter().filter(is_behind).collect();
        let met = node.interfaces.iter().position(|card| from.is_none_or(|from| from.name == card.link));
        let columns = met.map_or_else(Default::default, |i| self.columns(n, i));
        let about = node.about.iter().cloned().chain(node.offers()).collect::<Vec<_>>().join("; ");
        let down = if links.is_empty() { "" } else { self.strokes.down };
        self.row(lead, &format!("{below}{down}"), &node.name, Some(columns), &about);
        for (number, link) in links.iter().enumerate() {
            self.link(n, link, below, number + 1 < links.len());
        }
    }

    /// Adds the row of `link`, which leads on from node `n`, and its other ends.
    fn link(&mut self, n: usize, link: &'t Link, below: &str, more_follow: bool) {
        let Strokes { branch, last, down, switch, .. } = self.strokes;
        let topology = self.topology;
        let mut others: Vec<usize> = topology
            .interfaces()
            .filter(|(other, _, card)| *other != n && card.link == link.name)
            .map(|(other, ..)| other)
            .collect();
        others.dedup();
        // Who leads further on comes last, so that its branch needs no line beside it.
        others.sort_by_key(|&other| topology.nodes[other].interfaces.len());
        let delay = Some(format!("{} ms one way", milliseconds(link))).filter(|_| !link.delay.is_zero());
        let mtu = Some(format!("MTU {}", link.mtu)).filter(|_| link.mtu != 1500);
        let faults = Some("with faults".to_owned()).filter(|_| !link.faults.is_empty());
        let note = [link.about.clone(), delay, mtu, faults].into_iter().flatten().collect::<Vec<_>>().join(", ");
        let is_chain = link.kind == LinkKind::Wire && others.len() == 1 && !more_follow;
        if is_chain {
            self.row(&format!("{below}{down} "), &format!("{below}{down}"), &link.name, None, &note);
            self.node(others[0], Some(link), below, below);
            return;
        }
        self.row(&format!("{below}{switch}"), &format!("{below}{down}"), &link.name, None, &note);
        for (number, &other) in others.iter().enumerate() {
            let is_last = number + 1 == others.len() && !more_follow;
            let stroke = if is_last { last } else { branch };
            let beside = if is_last { "   ".to_owned() } else { format!("{down}  ") };
            self.node(other, Some(link), &format!("{below}{stroke}"), &format!("{below}{beside}"));
        }
    }

    /// What a node shows of its interface `i`: the address; and the MAC address where neighbours see it, else a name.
    fn columns(&self, n: usize, i: usize) -> (String, String) {
        let card = &self.topology.nodes[n].interfaces[i];
        let is_lan = self.topology.links.iter().any(|link| link.name == card.link && link.kind == LinkKind::Lan);
        let mac = self.topology.mac(n, i).filter(|_| is_lan).map(|mac| mac.to_string());
        let seen = mac.or_else(|| card.names.first().cloned()).unwrap_or_default();
        (card.address.address.to_string(), seen)
    }

    fn row(&mut self, lead: &str, below: &str, name: &str, columns: Option<(String, String)>, note: &str) {
        let (lead, below, name, note) = (lead.to_owned(), below.to_owned(), name.to_owned(), note.to_owned());
        self.rows.push(Row { lead, below, name, columns, note });
    }

    /// The row as lines of text, its columns under those of the other rows.
    fn lines(&self, row: &Row) -> Vec<String> {
        let Some((address, seen)) = &row.columns else {
            return vec![format!("{}{}  {}", row.lead, row.name, row.note)];
        };
        let names = self.rows.iter().filter(|row| row.columns.is_some());
        let name_end = names.map(|row| row.lead.width() + row.name.width()).max().unwrap_or(0);
        let seen_width = self.rows.iter().filter_map(|row| Some(row.columns.as_ref()?.1.width())).max().unwrap_or(0);
        let start = name_end + 2 + 15 + 2 + seen_width + 2;
        let label = pad(&format!("{}{}", row.lead, row.name), name_end + 2);
        let first = format!("{label}{address:<15}  {}", pad(seen, seen_width + 2));
        let mut notes = wrap(&row.note, WIDTH.saturating_sub(start).max(16)).into_iter();
        let mut lines = vec![format!("{first}{}", notes.next().unwrap_or_default())];
        lines.extend(notes.map(|note| format!("{}{note}", pad(&row.below, start))));
        lines
    }
}

fn milliseconds(link: &Link) -> String {
    let text = format!("{:.3}", link.delay.as_secs_f64() * 1e3);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn pad(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

/// `text` in lines of at most `width` columns, where its words allow.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut().filter(|line| line.width() + 1 + word.width() <= width) {
            Some(line) => {
                line.push(' ');
                line.push_str(word);
            }
            None => lines.push(word.to_owned()),
        }
    }
    lines
}

/// `text` without what would move the cursor; in ASCII without what is not.
fn printable(text: &str, ascii: bool) -> String {
    let is_sound = |c: char| !c.is_control() && (c.is_ascii() || !ascii);
    text.chars().map(|c| if is_sound(c) { c } else { '?' }).collect()
}

fn clip(text: &str, cut: &str) -> String {
    if text.width() <= WIDTH {
        return text.to_owned();
    }
    let mut clipped = String::new();
    let mut width = 0;
    for c in text.chars() {
        width += c.width().unwrap_or(0);
        if width >= WIDTH {
            break;
        }
        clipped.push(c);
    }
    clipped + cut
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(topology: &Topology, ascii: bool) -> String {
        let mut out = Vec::new();
        draw(topology, "test", ascii, &mut out).expect("memory does not fail");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn every_node_address_and_link_of_home_is_on_it_in_80_columns() {
        let home = Topology::load("home").expect("built in");
        for ascii in [false, true] {
            let map = drawn(&home, ascii);
            for node in &home.nodes {
                assert!(map.contains(&node.name), "{}\n{map}", node.name);
            }
            for link in &home.links {
                assert!(map.contains(&link.name), "{}\n{map}", link.name);
            }
            assert!(map.contains("4c:e6:76:0a:11:01") && map.contains("93.184.216.34"), "{map}");
            assert!(map.lines().all(|line| line.width() <= 80), "{map}");
            assert_eq!(map.is_ascii(), ascii, "{map}");
        }
    }

    #[test]
    fn a_ring_ends_where_it_began() {
        let link = |l: usize| format!("[[link]]\nname = \"l{l}\"\nkind = \"wire\"\n");
        let card = |i: usize, l: usize| {
            let host = i + 1;
            format!("[[node.interface]]\nname = \"eth{i}\"\nlink = \"l{l}\"\naddress = \"10.0.{l}.{host}/24\"\n")
        };
        let node = |n: usize| format!("[[node]]\nname = \"n{n}\"\n{}{}", card(0, n), card(1, (n + 2) % 3));
        let head = "title = \"ring\\u001b[2J\"\nhost = \"n0\"\n".to_owned();
        let text: String = [head].into_iter().chain((0..3).map(link)).chain((0..3).map(node)).collect();
        let map = drawn(&Topology::read(&text, "ring").expect("sound"), true);
        assert_eq!(map.matches("see above").count(), 2, "{map}");
        assert!(!map.contains('\u{1b}'), "{map}");
    }
}
