pub fn check_password(password: &str, user: &str) -> Result<usize, String> {
    let length = password.chars().count();
    if length < 8 {
        return Err(format!("{} characters too short", 8 - length));
    }
    if password.to_lowercase().contains(&user.to_lowercase()) {
        return Err("the password contains the user name".to_string());
    }
    let digits = password.chars().filter(char::is_ascii_digit).count();
    if digits == 0 || digits == length {
        return Err("mix letters and digits".to_string());
    }
    Ok(digits)
}
