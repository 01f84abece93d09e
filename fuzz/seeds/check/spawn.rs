struct S { pool: deadpool::Pool, m: tokio::sync::Mutex<sqlx::PgConnection> }
impl S { async fn f(&self) { let g = self.m.lock().await; let j: Vec<_> = (0..9).map(|i| async move { self.pool.get().await }).collect(); futures::future::join_all(j).await; tokio::spawn(async move { drop(g) }); } }
