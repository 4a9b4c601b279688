//! STP: what bridges tell each other.

table! {
    STP_HELLO                "stp.hello"                Fact  Chat  None, [];
    STP_CHANGE               "stp.change"               Fact  Note  None, [];
}
