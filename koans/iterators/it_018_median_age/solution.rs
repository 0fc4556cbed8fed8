pub struct Member {
    pub name: String,
    pub age: u8,
}

pub fn median_age(members: &[Member]) -> Option<u8> {
    let mut ages: Vec<u8> = members.iter().map(|m| m.age).filter(|age| *age >= 18).collect();
    ages.sort_unstable();
    ages.get(ages.len() / 2).copied()
}

pub fn youngest(members: &[Member]) -> Option<&str> {
    let member = members.iter().min_by_key(|m| m.age)?;
    Some(&member.name)
}
