//! Subject and label from a file's name, without regular expressions.

use super::DataError;
use super::folder::Name;

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
    Index,
    Rest,
}

/// What a name says.
#[derive(PartialEq, Eq, Debug, Default)]
pub(super) struct Fields {
    pub(super) subject: Option<String>,
    pub(super) label: Option<String>,
    pub(super) index: Option<String>,
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
                    "index" => Part::Index,
                    "rest" | "" => Part::Rest,
                    other => {
                        return Err(wrong(format!(
                            "expected {{subject}}, {{label}}, {{index}} or {{rest}}, found {{{other}}}"
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
            .any(|p| matches!(p, Part::Subject | Part::Label | Part::Index))
        {
            return Err(wrong("expected {subject}, {label} or {index} in it".into()));
        }
        Ok(Self {
            text: text.into(),
            parts,
        })
    }

    /// What the name of a file says.
    ///
    /// # Errors
    /// [`DataError::Unmatched`], if the pattern does not fit it.
    pub(super) fn of(&self, name: &Name) -> Result<Fields, DataError> {
        // With a slash it is held against the path below the folder rather than the file's own name.
        let text = match self.text.contains('/') {
            true => &name.below,
            false => &name.stem,
        };
        self.read(text).ok_or_else(|| DataError::Unmatched {
            file: name.path.clone(),
            pattern: self.text.clone(),
            found: text.clone(),
        })
    }

    /// What `name` says, or `None` if the pattern does not fit all of it.
    fn read(&self, name: &str) -> Option<Fields> {
        let mut fields = Fields::default();
        fit(&self.parts, name, &mut fields).then_some(fields)
    }
}

/// The indices of files that are held out for testing: `0-4` or `3,7,20-29`.
#[derive(Debug, Default)]
pub(super) struct Held(Vec<[u64; 2]>);

impl Held {
    /// Reads `text`, if there is one; the indices themselves come from the pattern's field `{index}`.
    ///
    /// # Errors
    /// [`DataError::HeldOut`], if it is no list or the pattern finds no index.
    pub(super) fn new(text: Option<&str>, pattern: Option<&Pattern>) -> Result<Self, DataError> {
        let Some(text) = text else {
            return Ok(Self::default());
        };
        let wrong = |why: &str| DataError::HeldOut {
            found: text.into(),
            why: why.into(),
        };
        if !pattern.is_some_and(|pattern| pattern.parts.contains(&Part::Index)) {
            return Err(wrong("it needs a pattern with {index} in it"));
        }
        let range = |part: &str| {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let [first, last] = [first, last].map(|number| number.trim().parse().ok());
            let range = [first?, last?];
            (range[0] <= range[1]).then_some(range)
        };
        let ranges: Option<Vec<[u64; 2]>> = text.split(',').map(range).collect();
        Ok(Self(ranges.ok_or_else(|| {
            wrong("expected numbers and ranges such as 0-4,7")
        })?))
    }

    /// Whether the file with this index is held out.
    pub(super) fn holds(&self, index: Option<&str>) -> bool {
        let index = index.and_then(|text| text.parse::<u64>().ok());
        index.is_some_and(|at| {
            self.0
                .iter()
                .any(|[first, last]| (first..=last).contains(&&at))
        })
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
                    Part::Index => fields.index = Some(text),
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
    fn files_are_held_out_by_their_index() {
        let pattern = Pattern::parse("{label}_{subject}_{index}").unwrap();
        let fields = pattern.read("7_jackson_32").unwrap();
        assert_eq!(fields.index.as_deref(), Some("32"));
        let held = Held::new(Some("0-4, 32"), Some(&pattern)).unwrap();
        let holds = ["0", "4", "5", "032", "x"].map(|index| held.holds(Some(index)));
        assert_eq!(holds, [true, true, false, true, false]);
        assert!(!held.holds(None) && !Held::default().holds(Some("0")));
        for text in ["", "4-0", "a", "1-2-3", "-4"] {
            let message = Held::new(Some(text), Some(&pattern))
                .unwrap_err()
                .to_string();
            assert!(message.contains("0-4,7"), "{message}");
        }
        let without = Pattern::parse("{label}_{rest}").unwrap();
        let message = Held::new(Some("1"), Some(&without))
            .unwrap_err()
            .to_string();
        assert!(message.contains("{index}"), "{message}");
    }

    #[test]
    fn patterns_that_cannot_work_say_why() {
        for (pattern, why) in [
            ("{subject", "not closed"),
            ("{subject}{rest}", "between them"),
            ("{who}_{rest}", "{who}"),
            ("{subject}_{subject}", "twice"),
            ("{rest}", "{label} or {index}"),
            ("", "{label} or {index}"),
        ] {
            let message = Pattern::parse(pattern).unwrap_err().to_string();
            assert!(message.contains(why), "{pattern}: {message}");
        }
    }
}
