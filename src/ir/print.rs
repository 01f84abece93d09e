//! How the IR prints, for `letgo dump --cfg` and golden files.
