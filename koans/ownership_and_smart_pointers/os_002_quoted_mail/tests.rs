#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_mail() {
        assert_eq!(Mail::new("Ida", "Hello\nBye").quoted(0), "Ida wrote:\nHello\nBye\n");
    }

    #[test]
    fn an_answer_quotes() {
        let mut reply = Mail::new("Bo", "Yes");
        let mut first = Mail::new("Ida", "Lunch?");
        first.answers = Some(Mail::new("Bo", "Hungry").into());
        reply.answers = Some(first.into());
        assert_eq!(reply.quoted(1), ">Bo wrote:\n>Yes\n>>Ida wrote:\n>>Lunch?\n>>>Bo wrote:\n>>>Hungry\n");
    }
}
