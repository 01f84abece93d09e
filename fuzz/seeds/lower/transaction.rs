async fn f(pool: &Pool) -> Result<(), E> {
    let mut tx = pool.begin().await?;
    if let Some(row) = q("SELECT").fetch_optional(&mut *tx).await? { drop(row); return Ok(()); }
    for x in xs { match x { A(b) if b => break, C { d, .. } | D(d) => d.e()?, _ => continue } }
    tx.commit().await
}
