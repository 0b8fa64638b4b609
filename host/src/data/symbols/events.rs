//! Event logs: rows of `user`, `item` and `time`; each user is one sequence of items, ordered by time.
//!
//! Times are numbers, or texts that sort as they stand (ISO 8601). Without a column `time` the rows are in order
//! already. A column `label` names something about the user. A user is a subject, so that whole users are held out.

use super::super::DataError;
use super::super::folder::Name;
use super::table::{self, Rows};
use super::{Collector, Sequence, fault};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::path::Path;

/// Names under which the user goes.
pub const USER: [&str; 3] = ["user", "user_id", "userid"];
/// Names under which the item goes.
pub const ITEM: [&str; 4] = ["item", "item_id", "itemid", "event"];
const TIME: [&str; 2] = ["time", "timestamp"];

/// When something happened.
#[derive(Clone, PartialEq, Debug)]
enum Time {
    Number(f64),
    Text(String),
}

impl Time {
    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.total_cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            // Refused when they are read.
            _ => Ordering::Equal,
        }
    }
}

/// One user's events.
#[derive(Default)]
struct User {
    events: Vec<(Time, u32)>,
    label: Option<String>,
}

/// Reads all files; a user may occur in several.
pub fn read(names: &[Name], collector: &mut Collector) -> Result<(), DataError> {
    let mut users: BTreeMap<String, User> = BTreeMap::new();
    let mut numbers = None;
    for name in names {
        let rows = table::read(&name.path)?;
        one(&name.path, &rows, &mut users, &mut numbers, collector)?;
    }
    for (user, mut found) in users {
        found.events.sort_by(|a, b| a.0.compare(&b.0));
        collector.sequences.push(Sequence {
            name: format!("user {user}"),
            subject: Some(user),
            label: found.label,
            symbols: found.events.into_iter().map(|(_, item)| item).collect(),
        });
    }
    Ok(())
}

/// Reads one file; `numbers` says whether times are numbers, once that is known.
fn one(
    file: &Path,
    table: &Rows,
    users: &mut BTreeMap<String, User>,
    numbers: &mut Option<bool>,
    collector: &mut Collector,
) -> Result<(), DataError> {
    let (user, item) = (table.needed(file, &USER)?, table.needed(file, &ITEM)?);
    let (time, label) = (table.column(&TIME), table.column(&["label", "class"]));
    for (line, row) in &table.rows {
        for (column, what) in [(user, "user"), (item, "item")] {
            if row[column].is_empty() {
                let problem = format!(
                    "expected a name in column {what}, found an empty field; fill it or remove the row"
                );
                return Err(fault(file, *line, problem));
            }
        }
        let time = match time {
            None => Time::Number(0.0),
            Some(column) => {
                let number = row[column].parse::<f64>().ok().filter(|t| t.is_finite());
                let wanted = *numbers.get_or_insert(number.is_some());
                if wanted != number.is_some() || row[column].is_empty() {
                    let wanted = if wanted {
                        "a number"
                    } else {
                        "a date and time"
                    };
                    let found = &row[column];
                    let problem = format!(
                        "expected {wanted} in column time as in the rows before, found {found:?}; correct it"
                    );
                    return Err(fault(file, *line, problem));
                }
                number.map_or_else(|| Time::Text(row[column].clone()), Time::Number)
            }
        };
        let symbol = collector.symbol(&row[item]);
        let user = users.entry(row[user].clone()).or_default();
        user.events.push((time, symbol));
        let label = label
            .map(|column| row[column].clone())
            .filter(|l| !l.is_empty());
        if let (Some(before), Some(now)) = (&user.label, &label)
            && before != now
        {
            let problem = format!(
                "expected label {before:?} as in the user's rows before, found {now:?}; a user has one label"
            );
            return Err(fault(file, *line, problem));
        }
        user.label = user.label.take().or(label);
    }
    Ok(())
}
