//! `report.html`: one page that needs no other file and no network.

use super::{Table, Verdict};
use minijinja::{Environment, value::Serde};
use serde::Serialize;

/// What the page shows.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Page<'a> {
    /// Heading, for instance the run's name.
    pub title: &'a str,
    /// First on the page.
    pub verdict: &'a Verdict,
    /// SVG pictures made by this module, put in as they are.
    pub figures: &'a [String],
    /// All tables.
    pub tables: &'a [Table],
    /// The run's settings as text; empty leaves the part out.
    pub config: &'a str,
}

impl Page<'_> {
    /// The bytes of the file. Names from the user's folders are escaped.
    ///
    /// # Errors
    /// None for any content; the error type is the template engine's, whose template is part of the program.
    pub fn render(&self) -> Result<String, minijinja::Error> {
        let mut environment = Environment::new();
        environment.add_template("page.html", include_str!("page.html"))?;
        environment.get_template("page.html")?.render(Serde(self))
    }
}
