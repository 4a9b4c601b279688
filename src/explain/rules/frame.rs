//! The frame: what of it was captured, what could not be read, what the network card still has to do.

table! {
    FRAME_LARGER             "frame.larger"             Guess Chat  None, ["bytes"];
    FRAME_CUT                "frame.cut"                Fact  Note  None, ["captured" "original"];
    FRAME_TRUNCATED          "frame.truncated"          Fact  Warn  None, ["layer" "because" "needed" "available" "offset"];
    FRAME_MALFORMED          "frame.malformed"          Fact  Error None, ["layer" "because" "offset"];
    CHECKSUM_PENDING         "frame.checksum-pending"   Guess Chat  None, ["layer"];
}
