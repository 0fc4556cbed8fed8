pub fn preferred<'a, 'b>(nickname: &'a str, name: &'b str) -> &'a str {
    if nickname.trim().is_empty() {
        name
    } else {
        nickname
    }
}

pub fn greet(nickname: &str, name: &str) -> String {
    format!("Dear {},", preferred(nickname, name))
}
