//! HTTP: what was asked, and what the status code says.

table! {
    // Requests.
    HTTP_GET                 "http.get"                 Fact  Chat  Some("RFC 9110 §9.3.1"), ["path"];
    HTTP_HEAD                "http.head"                Fact  Chat  Some("RFC 9110 §9.3.2"), ["path"];
    HTTP_POST                "http.post"                Fact  Chat  Some("RFC 9110 §9.3.3"), ["path"];
    HTTP_PUT                 "http.put"                 Fact  Chat  Some("RFC 9110 §9.3.4"), ["path"];
    HTTP_DELETE              "http.delete"              Fact  Chat  Some("RFC 9110 §9.3.5"), ["path"];
    HTTP_OPTIONS             "http.options"             Fact  Chat  Some("RFC 9110 §9.3.7"), ["path"];
    HTTP_CONNECT             "http.connect"             Fact  Chat  Some("RFC 9110 §9.3.6"), ["path"];
    HTTP_METHOD              "http.method"              Fact  Chat  Some("RFC 9110 §9"), ["method" "path"];

    // Responses.
    HTTP_INTERIM             "http.interim"             Fact  Chat  Some("RFC 9110 §15.2"), ["code"];
    HTTP_SWITCHING           "http.switching"           Fact  Chat  Some("RFC 9110 §15.2.2"), [];
    HTTP_DONE                "http.done"                Fact  Chat  Some("RFC 9110 §15.3"), ["code"];
    HTTP_NO_CONTENT          "http.no-content"          Fact  Chat  Some("RFC 9110 §15.3.5"), [];
    HTTP_PARTIAL             "http.partial"             Fact  Chat  Some("RFC 9110 §15.3.7"), [];
    HTTP_REDIRECT            "http.redirect"            Fact  Chat  Some("RFC 9110 §15.4"), ["code" "location"];
    HTTP_ELSEWHERE           "http.elsewhere"           Fact  Chat  Some("RFC 9110 §15.4"), ["code"];
    HTTP_NOT_MODIFIED        "http.not-modified"        Fact  Chat  Some("RFC 9110 §15.4.5"), [];
    HTTP_BAD_REQUEST         "http.bad-request"         Fact  Warn  Some("RFC 9110 §15.5.1"), [];
    HTTP_UNAUTHORIZED        "http.unauthorized"        Fact  Warn  Some("RFC 9110 §15.5.2"), [];
    HTTP_FORBIDDEN           "http.forbidden"           Fact  Warn  Some("RFC 9110 §15.5.4"), [];
    HTTP_NOT_FOUND           "http.not-found"           Fact  Warn  Some("RFC 9110 §15.5.5"), [];
    HTTP_TOO_MANY            "http.too-many"            Fact  Warn  Some("RFC 6585 §4"), [];
    HTTP_CLIENT_ERROR        "http.client-error"        Fact  Warn  Some("RFC 9110 §15.5"), ["code"];
    HTTP_BAD_GATEWAY         "http.bad-gateway"         Fact  Warn  Some("RFC 9110 §15.6.3"), [];
    HTTP_UNAVAILABLE         "http.unavailable"         Fact  Warn  Some("RFC 9110 §15.6.4"), [];
    HTTP_GATEWAY_TIMEOUT     "http.gateway-timeout"     Fact  Warn  Some("RFC 9110 §15.6.5"), [];
    HTTP_SERVER_ERROR        "http.server-error"        Fact  Warn  Some("RFC 9110 §15.6"), ["code"];

    // A conversation.
    HTTP_ANSWERED            "http.answered"            Fact  Chat  Some("RFC 9110 §15"), ["request" "code" "ms"];
    HTTP_UNANSWERED          "http.unanswered"          Fact  Note  None, ["request"];
    HTTP_UNREAD              "http.unread"              Fact  Note  None, ["request"];
}
