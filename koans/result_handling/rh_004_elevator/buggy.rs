pub struct Elevator {
    pub floor: i32,
    pub top: i32,
    pub doors_open: bool,
}

impl Elevator {
    pub fn go_to(&mut self, target: i32) -> Result<i32, &'static str> {
        if self.doors_open {
            return Err("close the doors first");
        }
        if target < 0 || target > self.top {
            return Err("no such floor");
        }
        let travelled = (target - self.floor).abs();
        self.floor = target;
        travelled
    }
}
