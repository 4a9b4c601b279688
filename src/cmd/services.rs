//! The ports of services by name, for filters: what `/etc/services` says, or else what is well known.

use std::sync::OnceLock;

use crate::filter::{Service, Transport, common_service};

/// Where Linux keeps the list.
const LIST: &str = "/etc/services";

/// The port of the service called `name`, and its transport where it has only one.
pub fn service(name: &str) -> Option<Service> {
    static KNOWN: OnceLock<Option<String>> = OnceLock::new();
    match KNOWN.get_or_init(|| std::fs::read_to_string(LIST).ok()) {
        Some(list) => look_up(list, name),
        None => common_service(name),
    }
}

/// Reads lines such as `http 80/tcp www # WorldWideWeb HTTP`.
fn look_up(list: &str, name: &str) -> Option<Service> {
    let mut found: Option<Service> = None;
    for line in list.lines() {
        let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
        let (Some(first), Some(number)) = (words.next(), words.next()) else { continue };
        if first != name && !words.any(|alias| alias == name) {
            continue;
        }
        let Some((port, transport)) = number.split_once('/') else { continue };
        let transport = match transport {
            "tcp" => Transport::Tcp,
            "udp" => Transport::Udp,
            "sctp" => Transport::Sctp,
            _ => continue,
        };
        let Ok(port) = port.parse() else { continue };
        found = match found {
            None => Some((port, Some(transport))),
            Some((known, only)) if known == port => Some((known, only.filter(|only| *only == transport))),
            Some(other) => Some(other),
        };
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_has_the_transports_of_all_its_lines() {
        let list =
            "# comment\nhttp\t80/tcp\twww # web\ndomain 53/tcp\ndomain 53/udp\nsyslog 514/udp\nodd 7/ddp\nbad x/tcp\n";
        assert_eq!(look_up(list, "www"), Some((80, Some(Transport::Tcp))));
        assert_eq!(look_up(list, "domain"), Some((53, None)));
        assert_eq!(look_up(list, "syslog"), Some((514, Some(Transport::Udp))));
        for unknown in ["web", "odd", "bad", "#", ""] {
            assert_eq!(look_up(list, unknown), None, "{unknown}");
        }
    }
}
