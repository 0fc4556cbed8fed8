#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hears_its_own() {
        let mut bus = Bus::default();
        let doors = bus.listen("door:");
        let lamps = bus.listen("lamp:");
        bus.publish("door:open");
        bus.publish("lamp:on");
        bus.publish("door:shut");
        assert_eq!(*doors.borrow(), ["open", "shut"]);
        assert_eq!(*lamps.borrow(), ["on"]);
    }
}
