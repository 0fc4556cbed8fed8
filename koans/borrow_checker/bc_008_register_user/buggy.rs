use std::collections::HashMap;

pub struct User {
    pub id: u32,
    pub email: String,
}

pub struct Directory {
    pub by_email: HashMap<String, u32>,
}

impl Directory {
    pub fn register(&mut self, email: &str) -> User {
        let id = self.by_email.len() as u32 + 1;
        let user = User { id, email: email.trim().to_lowercase() };
        self.by_email.insert(user.email, user.id);
        user
    }
}
