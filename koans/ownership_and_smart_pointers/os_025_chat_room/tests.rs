#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speaks() {
        let room = Rc::new(Room::default());
        let ann = Member::join(&room, "Ann");
        assert_eq!(ann.say("hello"), Ok(2));
        assert_eq!(*room.lines.borrow(), ["* Ann joined", "Ann: hello"]);
        drop(room);
        assert_eq!(ann.say("anyone?"), Err("Ann is alone".to_string()));
    }
}
