//! What people see: tables, plots, the page and the verdict.
