pub fn preferred<'a>(nickname: &'a str, name: &'a str) -> &'a str {
    if nickname.trim().is_empty() {
        name
    } else {
        nickname
    }
}

pub fn greet(nickname: &str, name: &str) -> String {
    format!("Dear {},", preferred(nickname, name))
}
