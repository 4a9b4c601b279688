//! What a watch on an interface or a command saw, and what it could not see.

table! {
    // An interface.
    SNIFF_HEADING            "sniff.heading"            Fact  Chat  None, ["interface"];
    SNIFF_HEADING_ALL        "sniff.heading.all"        Fact  Chat  None, ["interface"];
    SNIFF_HEADING_FILTER     "sniff.heading.filter"     Fact  Chat  None, ["interface" "filter"];
    SNIFF_HEADING_FILTER_ALL "sniff.heading.filter-all" Fact  Chat  None, ["interface" "filter"];
    SNIFF_SILENCE            "sniff.silence"            Fact  Chat  None, ["interface"];
    SNIFF_NOTHING_PASSED     "sniff.nothing-passed"     Fact  Chat  None, ["interface"];
    SNIFF_DROPPED            "sniff.dropped"            Fact  Warn  None, ["count"];
    SNIFF_BLIND              "sniff.blind"              Blind Chat  None, [];
    SNIFF_BLIND_ALL          "sniff.blind-all"          Blind Chat  None, [];

    // A command.
    SNIFF_NOTHING_CAUSED     "sniff.nothing-caused"     Fact  Chat  None, ["command" "interface"];
    SNIFF_ENDED              "sniff.ended"              Fact  Chat  None, ["command" "code"];
    SNIFF_KILLED             "sniff.killed"             Fact  Note  None, ["command" "signal"];
    SNIFF_STILL_RUNS         "sniff.still-runs"         Fact  Note  None, ["command"];
    SNIFF_LEFT_RUNNING       "sniff.left-running"       Fact  Note  None, ["command"];
    SNIFF_STRANGERS          "sniff.strangers"          Fact  Chat  None, ["count"];
    SNIFF_NAME_SERVICE       "sniff.name-service"       Blind Chat  None, [];
    SNIFF_BEYOND             "sniff.beyond"             Blind Note  None, [];
    SNIFF_LOST               "sniff.lost"               Blind Note  None, ["count"];
    SNIFF_ONLY_LOOPBACK      "sniff.only-loopback"      Blind Chat  None, ["interface"];
    SNIFF_ONE_INTERFACE      "sniff.one-interface"      Blind Chat  None, ["interface"];
}
