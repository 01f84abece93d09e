//! JUnit XML: a suite per file, a failed case per finding.
//!
//! **Invariants:** a clean run has one case that passes, because some readers fail on a report without cases; no attribute that
//! the strictest published schema has not, because its reader refuses the whole file. So a case's place stands in its text.

use super::region::Region;
use super::{Entry, Report, escape};
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

/// Renders the whole report.
pub fn render(report: &Report) -> String {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    // Writing into memory cannot fail; what was written until then is what there is.
    let _ = document(report, &mut writer);
    let mut out = String::from_utf8_lossy(&writer.into_inner()).into_owned();
    out.push('\n');
    out
}

type Out = Writer<Vec<u8>>;

fn document(report: &Report, out: &mut Out) -> std::io::Result<()> {
    out.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let failures = report.entries.len().to_string();
    let tests = report.entries.len().max(1).to_string();
    let attributes = [("name", "letgo"), ("tests", &tests), ("failures", &failures), ("errors", "0")];
    out.write_event(Event::Start(BytesStart::new("testsuites").with_attributes(attributes)))?;
    if report.entries.is_empty() {
        suite(out, "letgo", 1, 0)?;
        let case = [("name", "No errors found"), ("classname", "letgo"), ("time", "0")];
        out.write_event(Event::Empty(BytesStart::new("testcase").with_attributes(case)))?;
        out.write_event(Event::End(BytesEnd::new("testsuite")))?;
    }
    for entries in report.entries.chunk_by(|a, b| a.finding.span.file == b.finding.span.file) {
        let path = report.sources.files.get(entries[0].finding.span.file).map_or("", |f| &f.path);
        let path = escape::xml(&escape::one_line(&report.paths.show(path)));
        suite(out, &path, entries.len(), entries.len())?;
        for entry in entries {
            case(report, entry, &path, out)?;
        }
        out.write_event(Event::End(BytesEnd::new("testsuite")))?;
    }
    out.write_event(Event::End(BytesEnd::new("testsuites")))
}

fn suite(out: &mut Out, name: &str, tests: usize, failures: usize) -> std::io::Result<()> {
    let (tests, failures) = (tests.to_string(), failures.to_string());
    let attributes =
        [("name", name), ("package", "org.letgo"), ("tests", &tests), ("failures", &failures), ("errors", "0")];
    out.write_event(Event::Start(BytesStart::new("testsuite").with_attributes(attributes)))
}

fn case(report: &Report, entry: &Entry, path: &str, out: &mut Out) -> std::io::Result<()> {
    let finding = &entry.finding;
    let (line, column) = Region::of(&report.sources, finding.span).map_or((0, 0), |r| (r.line, r.column));
    let name = format!("org.letgo.{}", finding.lint);
    let class = path.strip_suffix(".rs").unwrap_or(path);
    let attributes = [("name", name.as_str()), ("classname", class), ("time", "0")];
    out.write_event(Event::Start(BytesStart::new("testcase").with_attributes(attributes)))?;
    let message = escape::xml(&escape::one_line(&finding.message));
    let failure = BytesStart::new("failure").with_attributes([("message", message.as_str()), ("type", finding.lint)]);
    out.write_event(Event::Start(failure))?;
    let mut words = format!("line {line}, col {column}, {message}");
    for (n, step) in finding.steps.iter().enumerate().filter(|_| finding.steps.len() > 1) {
        if let Some(region) = Region::of(&report.sources, step.span) {
            let path = report.paths.show(region.path);
            words += &escape::xml(&format!("\n({}) {path}:{}: {}", n + 1, region.line, step.message));
        }
    }
    if !finding.help.is_empty() {
        words += &escape::xml(&format!("\nhelp: {}", finding.help));
    }
    out.write_event(Event::Text(BytesText::new(&words)))?;
    out.write_event(Event::End(BytesEnd::new("failure")))?;
    out.write_event(Event::End(BytesEnd::new("testcase")))
}
