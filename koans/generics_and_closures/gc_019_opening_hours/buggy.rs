pub struct Hours {
    pub from: u32,
    pub to: u32,
}

impl Hours {
    pub fn length(&self) -> u32 {
        if self.to > self.from {
            self.to - self.from
        } else {
            24 - self.from + self.to
        }
    }
}

pub fn read(text: &str) -> Result<Hours> {
    let (from, to) = text.split_once('-').ok_or(format!("`{text}` has no dash"))?;
    let hour = |part: &str| match part.trim().parse::<u32>() {
        Ok(hour) if hour <= 24 => Ok(hour),
        _ => Err(format!("`{part}` is no hour")),
    };
    Ok(Hours { from: hour(from)?, to: hour(to)? })
}
