pub trait Brush {
    fn stroke(&self, length: usize) -> String;
}

pub struct Line(pub char);

impl Brush for Line {
    fn stroke(&self, length: usize) -> String {
        format!("<{}>", self.0.to_string().repeat(length))
    }
}

fn paint(brush: Option<&dyn Brush>, length: usize) -> String {
    match brush {
        Some(brush) => brush.stroke(length),
        None => ".".repeat(length),
    }
}

#[derive(Default)]
pub struct Canvas {
    pub hand: Option<Box<dyn Brush>>,
    rows: Vec<String>,
}

impl Canvas {
    pub fn draw(&mut self, length: usize) -> &[String] {
        let row = paint(self.hand.as_deref(), length);
        self.rows.push(row);
        &self.rows
    }
}
