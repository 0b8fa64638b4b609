//! What people see: tables, plots, the page and the verdict, all made from a [`crate::eval::Summary`].
//!
//! Everything here returns text; nothing prints or writes files.

mod axes;
mod compare_plot;
mod confusion_plot;
mod few_label_plot;
mod forecast;
mod image_table;
mod map;
mod map_plot;
mod page;
mod scratch_map;
mod sheet;
mod svg;
mod table;
mod training_plot;
mod verdict;
mod views_plot;

pub use compare_plot::{Compared, compare_plot};
pub use confusion_plot::confusion_plot;
pub use few_label_plot::few_label_plot;
pub use forecast::{Forecast, forecast};
pub use image_table::{group, image_table, left_out, spec_table};
pub use map::map;
pub use map_plot::map_plot;
pub use page::Page;
pub use scratch_map::scratch_map;
pub use sheet::Sheet;
pub use table::{Table, partner_tables, tables};
pub use training_plot::training_plot;
pub use verdict::Verdict;
pub use views_plot::views_plot;

#[cfg(test)]
mod tests;
