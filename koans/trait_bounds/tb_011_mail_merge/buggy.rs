pub struct Letter {
    pub to: String,
    pub body: String,
}

pub struct MailMerge {
    pub template: Letter,
}

impl MailMerge {
    pub fn letters(&self, people: &[&str]) -> Vec<Letter> {
        let mut letters = Vec::new();
        for person in people {
            let mut letter = self.template.clone();
            letter.to = person.to_string();
            letter.body = letter.body.replace("NAME", person);
            letters.push(letter);
        }
        letters
    }
}
