fn f() { tokio::select! { biased; r = a() => { r?; } _ = b(), if c => {} else => {} } let v = vec![1; n]; json!({"a": x}); }
