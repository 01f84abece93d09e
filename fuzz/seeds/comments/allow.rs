// letgo: allow(nested_acquire, reason = "ä")
/* letgo: expect(a, b) /* in */ */ let s = "// no"; let c = '"'; let r = r#"/*"#; // letgo: allow-file(all)
