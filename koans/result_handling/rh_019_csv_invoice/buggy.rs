pub fn total_cents(invoice: &str) -> Result<u64, String> {
    let mut total = 0;
    for (number, line) in invoice.lines().enumerate() {
        let fields: Vec<&str> = line.split(',').collect();
        if fields.len() != 3 {
            return Err(format!("line {}: {} fields", number + 1, fields.len()));
        }
        let count = fields[1].trim().parse::<u64>().map_err(|_| format!("line {}: count", number + 1))?;
        let cents = fields[2].trim().parse::<u64>()?;
        total += count * cents;
    }
    Ok(total)
}
