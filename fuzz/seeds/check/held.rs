use sqlx::PgPool;
async fn f(pool: &PgPool, http: &reqwest::Client) -> anyhow::Result<()> {
    let mut tx = pool.begin().await?;
    http.get("x").send().await?;
    sqlx::query("INSERT INTO a DEFAULT VALUES").execute(pool).await?;
    tokio::select! { r = tx.commit() => r?, _ = tokio::time::sleep(D) => {} }
    Ok(())
}
