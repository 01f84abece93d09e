//! What a process used, read from `/proc`; elsewhere it is not told.

/// User and system time of this process.
pub fn cpu_seconds() -> String {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Fields after the name, which may hold spaces, begin behind the last parenthesis; Linux counts in hundredths.
    let ticks: Option<f64> = text.rsplit_once(')').and_then(|(_, rest)| {
        let fields: Vec<&str> = rest.split_whitespace().collect();
        Some(fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?)
    });
    ticks.map_or("?".to_owned(), |ticks| format!("{:.2}", ticks / 100.0))
}

/// The most memory that this process held.
pub fn peak_mib() -> String {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: Option<u64> = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse().ok());
    kib.map_or("?".to_owned(), |kib| (kib / 1024).to_string())
}
