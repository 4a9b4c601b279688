//! What a field of a header is.

use std::io::{self, Write as _};

use crate::explain::words;
use crate::model::{FieldSpec, Header, Kind};
use crate::render::field;

use super::{Json, close, string};

impl Json {
    /// What `netlab field KEY` says.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn field(&mut self, out: &mut dyn io::Write, header: &Header, spec: &FieldSpec) -> io::Result<()> {
        let line = &mut self.buffer;
        line.extend_from_slice(b"{\"type\":\"field\",\"key\":");
        string(line, spec.key);
        for (name, text) in
            [("label", spec.label), ("layer", header.name), ("title", header.title), ("source", header.source)]
        {
            write!(line, ",\"{name}\":")?;
            string(line, text);
        }
        let kind = field::kind(spec.kind);
        write!(
            line,
            ",\"kind\":\"{kind}\",\"bit\":{},\"bits\":{},\"generated\":{}",
            spec.at.start, spec.at.len, spec.generated
        )?;
        line.extend_from_slice(b",\"values\":{");
        if let Kind::Enum(names) = spec.kind {
            for (number, word) in names {
                write!(line, "\"{number}\":")?;
                string(line, word);
                line.push(b',');
            }
        }
        close(line, b'}');
        line.extend_from_slice(b",\"meaning\":");
        match words::field(self.claims.language(), spec.key) {
            Some(words) => string(line, &words),
            None => line.extend_from_slice(b"null"),
        }
        line.push(b'}');
        self.end(out)
    }
}
