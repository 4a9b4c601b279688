//! What happened to one probe, beside an answer.

table! {
    EVENT_TIMEOUT            "event.timeout"            Fact  Note  None, ["seq"];
    EVENT_LATE               "event.late"               Fact  Note  None, ["seq"];
    EVENT_DUPLICATE          "event.duplicate"          Fact  Note  None, ["seq"];
    EVENT_NOT_SENT           "event.not-sent"           Fact  Warn  None, ["seq" "error"];
    EVENT_OTHER_DESTINATION  "event.other-destination"  Fact  Note  Some("RFC 792"), ["frame"];
    EVENT_OTHER_SOURCE       "event.other-source"       Fact  Note  Some("RFC 792"), ["frame"];
    EVENT_OTHER_IDENTIFIER   "event.other-identifier"   Fact  Note  Some("RFC 792"), ["frame"];
    EVENT_OTHER_SEQUENCE     "event.other-sequence"     Fact  Note  Some("RFC 792"), ["frame"];
    EVENT_OTHER_ACKNOWLEDGMENT "event.other-acknowledgment" Fact Note Some("RFC 9293 §3.10.7.3"), ["frame"];
    EVENT_OTHER_PAYLOAD      "event.other-payload"      Fact  Note  Some("RFC 792"), ["frame"];
    EVENT_OTHER_QUOTATION    "event.other-quotation"    Fact  Note  Some("RFC 792"), ["frame"];
    EVENT_WRONG_CHECKSUM     "event.wrong-checksum"     Fact  Warn  Some("RFC 792"), ["frame"];
}
