//! What is said of captures of real programs, and why.

use super::*;

/// What captures of real programs have taught the story to say, and not to say.
#[test]
fn the_story_says_what_is_so() {
    for (name, said, unsaid) in [
        ("ipv6.pcap", " NDP,", " ARP "),
        ("duplicates.pcap", "One more answer to #3", "No question"),
        ("dns.pcap", "mail.example.test (A): the server refused to answer", "have read the bytes"),
        ("redirect.pcap", "10.7.9.9 answered 1 of 1 request", "got no answer"),
        ("filtered.pcap", "A host itself would have sent RST", "no program is waiting"),
        ("icmp.pcap", "more kinds of warnings stand beside the packets", "sent 23 ICMP errors"),
        ("arp.pcap", "ARP: is 10.7.1.77 free?", "The router itself may have answered"),
        ("options.pcap", "TCP Fast Open", "Something is wrong"),
        ("probes.pcap", "then 536 is the rule", "At most 536"),
    ] {
        let words = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ") + " ";
        let text = words(explain(&[&capture(name)]).out);
        assert!(text.contains(said), "{name}: no {said}: {text}");
        assert!(!text.contains(unsaid), "{name}: {unsaid}: {text}");
    }
    let text = explain(&[&capture("zero-window.pcap"), "--ladder"]).out;
    assert!(text.contains("win=0") && text.contains("[TCP ZeroWindow]") && text.contains("In\nparentheses"), "{text}");
}

/// The signs that segments get; each has its own conditions.
const SIGNS: [&str; 15] = [
    "ack_lost_segment",
    "duplicate_ack",
    "fast_retransmission",
    "keep_alive",
    "keep_alive_ack",
    "lost_segment",
    "out_of_order",
    "retransmission",
    "reused_ports",
    "spurious_retransmission",
    "window_full",
    "window_update",
    "zero_window",
    "zero_window_probe",
    "zero_window_probe_ack",
];

#[test]
fn every_sign_of_trouble_is_reasoned() {
    let mut found: BTreeMap<String, (String, u64)> = BTreeMap::new();
    for file in captures().into_iter().filter(|file| file.contains("/corpus/")) {
        for line in explain(&[&file, "--json"]).out.lines().filter(|line| line.contains("tcp.analysis.")) {
            let packet: Value = serde_json::from_str(line).expect("JSON");
            let layers = packet["layers"].as_array().into_iter().flatten();
            let generated = layers.filter_map(|layer| layer["generated"].as_object()).flatten();
            for sign in generated.filter_map(|(key, _)| key.strip_prefix("tcp.analysis.")) {
                if SIGNS.contains(&sign) {
                    let place = || (file.clone(), packet["number"].as_u64().expect("a number"));
                    found.entry(sign.to_owned()).or_insert_with(place);
                }
            }
        }
    }
    assert_eq!(found.keys().map(String::as_str).collect::<Vec<_>>(), SIGNS, "{found:?}");
    for (sign, (file, number)) in found {
        let text = explain(&[&file, "--frame", &number.to_string(), "-v"]).out;
        let what = format!("{file} {number}: {text}");
        assert_fits(&text, &what);
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let title = format!("tcp.analysis.{sign} is set, because all of this holds: ");
        let conditions = words.split_once(&title).unwrap_or_else(|| panic!("{sign}: {what}")).1;
        assert!(conditions.starts_with("yes "), "{sign}: {what}");
        // No clock and no number that nobody has told.
        assert!(words.split(' ').all(|word| word.parse::<f64>().map_or(true, |number| number < 1e10)), "{what}");
    }
}

#[test]
fn a_sign_tells_what_the_standard_says_and_which_signs_are_withheld() {
    let file = capture("loss-rto.pcap");
    let summary = explain(&[&file, "--summary"]).out;
    let frame = |mark: &str| {
        let line = summary.lines().find(|line| line.contains(mark)).unwrap_or_else(|| panic!("no {mark}"));
        let number = line.split_whitespace().next().expect("a number");
        explain(&[&file, "--frame", number, "-v"]).out
    };
    let text = frame("[TCP Dup ACK");
    assert!(text.contains("tcp.analysis.duplicate_ack is set") && text.contains("RFC 5681"), "{text}");
    let text = frame("[TCP Retransmission]");
    let withheld = text.split_once("fast_retransmission is not set").expect("what it is not").1;
    assert!(withheld.contains("no   ") && text.contains("tcp.analysis.retransmission is set"), "{text}");
    let plain = explain(&[&file, "--frame", "1", "-v"]).out;
    assert!(!plain.contains("is set, because"), "{plain}");
}
