//! Subject and label from a file's name, without regular expressions.

use super::super::DataError;

/// A pattern such as `{subject}_{rest}`: names in braces stand for one or more characters, everything
/// else stands for itself. Each field takes as little as it can.
#[derive(Debug)]
pub(super) struct Pattern {
    text: String,
    parts: Vec<Part>,
}

#[derive(PartialEq, Debug)]
enum Part {
    Literal(String),
    Subject,
    Label,
    Rest,
}

/// What a name says.
#[derive(PartialEq, Eq, Debug, Default)]
pub(super) struct Fields {
    pub(super) subject: Option<String>,
    pub(super) label: Option<String>,
}

impl Pattern {
    pub(super) fn parse(text: &str) -> Result<Self, DataError> {
        let wrong = |why: String| DataError::Pattern {
            pattern: text.into(),
            why,
        };
        let mut parts: Vec<Part> = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let part = if let Some(inside) = rest.strip_prefix('{') {
                let end = inside
                    .find('}')
                    .ok_or_else(|| wrong("a brace is not closed".into()))?;
                rest = &inside[end + 1..];
                match &inside[..end] {
                    "subject" => Part::Subject,
                    "label" => Part::Label,
                    "rest" | "" => Part::Rest,
                    other => {
                        return Err(wrong(format!(
                            "expected {{subject}}, {{label}} or {{rest}}, found {{{other}}}"
                        )));
                    }
                }
            } else {
                let end = rest.find('{').unwrap_or(rest.len());
                let literal = rest[..end].to_string();
                rest = &rest[end..];
                Part::Literal(literal)
            };
            let field = |p: &Part| !matches!(p, Part::Literal(_));
            if field(&part) && parts.last().is_some_and(field) {
                return Err(wrong("two fields need a character between them".into()));
            }
            if part != Part::Rest && field(&part) && parts.contains(&part) {
                return Err(wrong("a field occurs twice".into()));
            }
            parts.push(part);
        }
        if !parts
            .iter()
            .any(|p| matches!(p, Part::Subject | Part::Label))
        {
            return Err(wrong("expected {subject} or {label} in it".into()));
        }
        Ok(Self {
            text: text.into(),
            parts,
        })
    }

    /// The pattern as it was written.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether it is held against the path below the folder rather than the file's own name.
    pub(super) fn wants_path(&self) -> bool {
        self.text.contains('/')
    }

    /// What `name` says, or `None` if the pattern does not fit all of it.
    pub(super) fn read(&self, name: &str) -> Option<Fields> {
        let mut fields = Fields::default();
        fit(&self.parts, name, &mut fields).then_some(fields)
    }
}

/// Fits `parts` to all of `name`, taking as little as possible for each field.
fn fit(parts: &[Part], name: &str, fields: &mut Fields) -> bool {
    match parts {
        [] => name.is_empty(),
        [Part::Literal(text), tail @ ..] => name
            .strip_prefix(text.as_str())
            .is_some_and(|rest| fit(tail, rest, fields)),
        [field, tail @ ..] => name
            .char_indices()
            .map(|(at, c)| at + c.len_utf8())
            .find(|&end| fit(tail, &name[end..], fields))
            .is_some_and(|end| {
                let text = name[..end].to_string();
                match field {
                    Part::Subject => fields.subject = Some(text),
                    Part::Label => fields.label = Some(text),
                    _ => {}
                }
                true
            }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pattern: &str, name: &str) -> Option<(Option<String>, Option<String>)> {
        Pattern::parse(pattern)
            .unwrap()
            .read(name)
            .map(|f| (f.subject, f.label))
    }

    #[test]
    fn fields_are_cut_out_of_names() {
        let some = |s: &str| Some(s.to_string());
        assert_eq!(
            read("{subject}_{rest}", "anna_walk_3"),
            Some((some("anna"), None))
        );
        assert_eq!(
            read("{label}-s{subject}", "run-s12"),
            Some((some("12"), some("run")))
        );
        assert_eq!(
            read("{subject}/{label}/{}", "p1/walk/2024/a"),
            Some((some("p1"), some("walk")))
        );
        assert_eq!(read("{rest}_{subject}", "a_b_c"), Some((some("b_c"), None)));
        assert_eq!(read("rec{subject}", "rec7"), Some((some("7"), None)));
        assert_eq!(read("{subject}_{rest}", "anna"), None);
        assert_eq!(read("{subject}_{rest}", "_x"), None);
        assert_eq!(read("{subject}é{rest}", "1é2"), Some((some("1"), None)));
    }

    #[test]
    fn patterns_that_cannot_work_say_why() {
        for (pattern, why) in [
            ("{subject", "not closed"),
            ("{subject}{rest}", "between them"),
            ("{who}_{rest}", "{who}"),
            ("{subject}_{subject}", "twice"),
            ("{rest}", "{subject} or {label}"),
            ("", "{subject} or {label}"),
        ] {
            let message = Pattern::parse(pattern).unwrap_err().to_string();
            assert!(message.contains(why), "{pattern}: {message}");
        }
    }
}
