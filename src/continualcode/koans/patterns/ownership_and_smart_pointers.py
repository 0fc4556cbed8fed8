"""Ownership and smart pointers: Box, Rc, RefCell, Weak, and what they hand out."""

from __future__ import annotations

import re
from collections.abc import Sequence

from continualcode.koans.grammar import Grammar, Pair, pattern
from continualcode.koans.patterns import templates

FAMILY = "ownership_and_smart_pointers"
_LARGEST, _WIDEST = 690, 100  # characters of a program among others, and of a line
_BUG = re.compile(r"(?:\[-((?:(?!-\]).)*)-\])?\[\+(.*?)\+\]")
_CHOICE = re.compile(r"@\(((?:(?!@\(|@\)).)*)@\)", re.S)
_NAME = re.compile(r"\$([A-Za-z]\w*)")


def _program(g: Grammar, shapes: Sequence[str]) -> Pair:
    """The pair of one of the shapes. They are templates (`templates.py`) with two differences: of several marked
    places one is the bug's and the others are right in both programs; and names stand for themselves."""
    pair = _drawn(g, shapes)
    for _ in range(9):
        if max(map(len, pair.fixed.splitlines())) <= _WIDEST:
            break
        pair = _drawn(g, shapes)
    return pair


def _drawn(g: Grammar, shapes: Sequence[str]) -> Pair:
    shape = g.random.choice(list(shapes))
    beside = g.random.choice(_NEIGHBOURS)
    if g.chance(0.35) and len(shape) + len(beside) < _LARGEST:
        shape = f"{beside}\n{shape}" if g.chance(0.5) else f"{shape}\n{beside}"
    while found := _CHOICE.search(shape):
        shape = shape[: found.start()] + g.random.choice(found[1].split("@|")) + shape[found.end() :]
    bug = g.random.choice([place.start() for place in _BUG.finditer(shape)])
    shape = _BUG.sub(lambda place: place[0] if place.start() == bug else place[2], shape)
    return templates.program(g, _named(g, shape), room=_LARGEST)


def _named(g: Grammar, shape: str) -> str:
    """The shape with its names drawn: `$n1` is a number, `$k1` one of 2 to 9, `$w1` a word, `$x1` a text, `$int`
    a type of integers; one that starts with a capital is a type, `$f_load` a function, one that ends with `s` a
    collection, any other a variable. In some programs the shape's own words are the names, as people would say."""
    own = g.random.choice((0.1, 0.5, 0.95))
    names: dict[str, str] = {}

    def draw(key: str) -> str:
        if key == "int":
            return g.pick("i32", "u32", "i64", "u64", "usize", "u16")
        if re.fullmatch(r"[nkwx]\d+", key):
            return {"n": lambda: str(g.number()), "k": lambda: str(g.number(2, 9)), "w": g.word, "x": g.text}[key[0]]()
        word = key.removeprefix("f_")
        if g.random.random() < own and word not in names.values():
            g._taken.add(word)
            return word
        return g.type() if key[0].isupper() else g.fn() if word != key else g.plural() if key[-1] == "s" else g.var()

    def name(found: re.Match[str]) -> str:
        if found[1] not in names:
            names[found[1]] = draw(found[1])
        return names[found[1]]

    return _NAME.sub(name, shape)


_NEIGHBOURS = (
    """
pub fn $f_owner_name($owner: &std::rc::Weak<String>) -> Option<String> {
    $owner.upgrade().map(|$name| $name.to_string())
}
""",
    """
pub fn $f_total($counter: &std::sync::Mutex<$int>) -> $int {
    *$counter.lock().unwrap() @(+@|*@) $k1
}
""",
    """
pub fn $f_label($label: &Option<String>) -> &str {
    $label.as_deref().unwrap_or("$w1")
}
""",
    """
pub fn $f_tick($clock: &std::cell::Cell<u32>) {
    $clock.set($clock.get() + $k1);
}
""",
    """
pub fn $f_drain($lines: &mut Vec<String>) -> Vec<String> {
    std::mem::take($lines)
}
""",
    """
pub fn $f_share($text: &std::rc::Rc<str>) -> usize {
    let $second = std::rc::Rc::clone($text);
    $second.len() + std::rc::Rc::strong_count($text)
}
""",
    """
pub fn $f_weak($text: &std::rc::Rc<String>) -> std::rc::Weak<String> {
    std::rc::Rc::downgrade($text)
}
""",
    """
pub fn $f_apply($steps: &[Box<dyn Fn($int) -> $int>], $start: $int) -> $int {
    $steps.iter().fold($start, |$value, $step| $step($value))
}
""",
    """
pub fn $f_bump($counts: &std::cell::RefCell<Vec<$int>>) -> usize {
    $counts.borrow_mut().push($n1);
    $counts.borrow().len()
}
""",
)

_BOX_RECURSIVE = (
    """
@(#[derive(Debug)]
@|@)pub struct $Node {
    pub $value: $int,
    pub $link: [-Option<$Node>-][+Option<Box<$Node>>+],
}

impl $Node {
    pub fn $f_total(&self) -> $int {
        #noise
        let $rest = self.$link.as_ref().map_or(0, |$node| $node.$f_total());
        self.$value + $rest
    }
}
""",
    """
@(/// $x1
@|@)pub enum $Expr {
    $Number($int),
    @($Negative([-$Expr-][+Box<$Expr>+]),
    $Sum([-$Expr, $Expr-][+Box<$Expr>, Box<$Expr>+]),@|$Sum([-$Expr, $Expr-][+Box<$Expr>, Box<$Expr>+]),
    $Negative([-$Expr-][+Box<$Expr>+]),@)
}

pub fn $f_depth($expr: &$Expr) -> usize {
    match $expr {
        $Expr::$Number(_) => @(0@|1@),
        $Expr::$Negative($inner) => $f_depth($inner) + @(1@|$k1@),
        $Expr::$Sum($left, $right) => 1 + $f_depth($left)@(.max($f_depth($right))@| + $f_depth($right)@),
    }
}
""",
    """
pub enum $List {
    $Cons(@($int@|String@|char@|(u8, bool)@), [-$List-][+Box<$List>+]),
    @($Nil@|$Empty@),
}

pub fn $f_count($list: &$List) -> usize {
    #noise
    match $list {
        $List::$Cons(_, $rest) => @(1@|$k1@) + $f_count($rest),
        _ => 0,
    }
}
""",
    """
@(#[derive(Debug, Default)]@|#[derive(Debug, Clone, Default)]@|#[derive(Default)]@)
pub struct $Tree {
    pub $key: @($int@|String@),
    pub $left: [-Option<$Tree>-][+Option<Box<$Tree>>+],
    pub $right: [-Option<$Tree>-][+Option<Box<$Tree>>+],
}

impl $Tree {
    pub fn $f_size(&self) -> usize {
        let mut $total = 1;
        if let Some($child) = &self.$left {
            $total += $child.$f_size();
        }
        if let Some($child) = &self.$right {
            $total += $child.$f_size();
        }
        $total
    }
}
""",
    """
pub enum $Shape {
    $Dot,
    $Circle { $radius: $int },
    $Framed { $border: $int, $inner: [-$Shape-][+Box<$Shape>+] },
}

impl $Shape {
    @(/// $x1
    @|@)pub fn $f_width(&self) -> $int {
        match self {
            $Shape::$Dot => $n1,
            $Shape::$Circle { $radius } => *$radius * $k1,
            $Shape::$Framed { $border, $inner } => $border + $inner.$f_width(),
        }
    }
}
""",
    """
pub struct $Folder {
    pub $name: String,
    pub $content: [-$Entry-][+Box<$Entry>+],
}

pub enum $Entry {
    $File(@(String@|Vec<u8>@)),
    @($Folder@|$Nested@)($Folder),
    $Missing,
}

pub fn $f_open($folder: &$Folder) -> bool {
    #noise
    @(matches!(*$folder.$content, $Entry::$File(_))@|!matches!(*$folder.$content, $Entry::$Missing)@)
}
""",
    """
pub struct $Layer<T> {
    pub $item: T,
    pub $below: [-Option<$Layer<T>>-][+Option<Box<$Layer<T>>>+],
    @(pub $height: usize,@|pub $label: String,@|pub $open: bool,@)
}

impl<T> $Layer<T> {
    pub fn $f_deep(&self) -> usize {
        match &self.$below {
            Some($layer) => $layer.$f_deep() + 1,
            None => @(0@|1@),
        }
    }
}
""",
    """
pub struct $Cause {
    pub $message: String,
    pub $source: [-Option<$Cause>-][+Option<Box<$Cause>>+],
}

pub fn $f_report($cause: &$Cause) -> Vec<&str> {
    let mut $lines = vec![$cause.$message.as_str()];
    let mut $current = &$cause.$source;
    while let Some($inner) = $current {
        $lines.push(&$inner.$message);
        $current = &$inner.$source;
    }
    @($lines.reverse();
    @|@)$lines
}
""",
    """
@(#[derive(Debug, PartialEq)]
@|#[derive(Clone)]
@|@)pub enum $Value {
    $Null,
    $Text(String),
    $Many(Vec<$Value>),
    $Tagged(@(String@|&'static str@|u32@), [-$Value-][+Box<$Value>+]),
}

impl $Value {
    pub fn $f_leaves(&self) -> usize {
        match self {
            $Value::$Null => 0,
            $Value::$Text($text) => $text.len(),
            $Value::$Many($items) => $items.iter().map(|$item| $item.$f_leaves()).sum(),
            $Value::$Tagged(_, $inner) => $inner.$f_leaves(),
        }
    }
}
""",
    """
pub struct $Chain(pub @($int@|char@|String@), pub [-Option<$Chain>-][+Option<Box<$Chain>>+]);

pub fn $f_links($chain: &$Chain) -> usize {
    let mut $links = @(0@|1@);
    let mut $here = $chain;
    while let Some($following) = &$here.1 {
        $links += 1;
        $here = $following;
    }
    #noise $links
    $links
}
""",
    """
@(/// $x1
@|@)pub enum $Rule {
    $Always(bool),
    $Above($int),
    @($Not([-$Rule-][+Box<$Rule>+]),
    $Both { $first: Box<$Rule>, $second: [-$Rule-][+Box<$Rule>+] },@|$Both { $first: [-$Rule-][+Box<$Rule>+], $second: Box<$Rule> },
    $Not([-$Rule-][+Box<$Rule>+]),@)
}

pub fn $f_check($rule: &$Rule, $value: $int) -> bool {
    match $rule {
        $Rule::$Always($answer) => *$answer,
        $Rule::$Above($limit) => $value > *$limit,
        $Rule::$Not($inner) => !$f_check($inner, $value),
        $Rule::$Both { $first, $second } => $f_check($first, $value) && $f_check($second, $value),
    }
}
""",
    """
pub struct $Person {
    pub $name: String,
    @(pub $born: u32,
    @|@)pub @($mentor@|$friend@|$boss@): [-Option<$Person>-][+Option<Box<$Person>>+],
    pub $skills: Vec<String>,
}

pub fn $f_knows($person: &$Person, $skill: &str) -> bool {
    let $own = $person.$skills.iter().any(|$known| $known == $skill);
    #noise $own
    $own @(|| $skill.is_empty()@|&& !$person.$name.is_empty()@)
}
""",
)


@pattern(FAMILY, "E0072")
def os_box_recursive(g: Grammar) -> Pair:
    """A type holds itself without a Box in between."""
    return _program(g, _BOX_RECURSIVE)


_MISSING_BOX_NEW = (
    """
pub enum $Expr {
    $Number($int),
    $Sum(Box<$Expr>, Box<$Expr>),
}

pub fn $f_plus($left: $Expr, $right: $Expr) -> $Expr {
    #noise
    $Expr::$Sum([-$left-][+Box::new($left)+], [-$right-][+Box::new($right)+])
}

pub fn $f_number($value: $int) -> $Expr {
    $Expr::$Number(@($value@|$value * $k1@))
}
""",
    """
pub struct $Node {
    pub $value: @($int@|String@|char@),
    pub $link: Option<Box<$Node>>,
}

pub struct $Stack {
    pub $head: Option<Box<$Node>>,
    pub $size: usize,
}

impl $Stack {
    pub fn $f_push(&mut self, mut $node: $Node) {
        $node.$link = self.$head.take();
        self.$head = Some([-$node-][+Box::new($node)+]);
        self.$size += 1;
    }
}
""",
    """
@(pub type $Step = Box<dyn Fn($int) -> $int>;

pub fn $f_adder($amount: $int) -> $Step {@|pub fn $f_adder($amount: $int) -> Box<dyn Fn($int) -> $int> {@)
    #noise $amount
    [-move |$x| $x + $amount-][+Box::new(move |$x| $x + $amount)+]
}

pub fn $f_run($value: $int) -> $int {
    let $step = $f_adder($k1);
    $step($value) @(+@|*@) $k2
}
""",
    """
pub trait $Shape {
    fn $f_area(&self) -> f64;
}
pub struct $Square(pub f64);
impl $Shape for $Square {
    fn $f_area(&self) -> f64 {
        self.0 * self.0
    }
}
pub fn $f_parse($word: &str) -> Option<Box<dyn $Shape>> {
    match $word {
        "$w1" => Some([-$Square($n1.0)-][+Box::new($Square($n1.0))+]),
        "$w2" => Some(Box::new($Square($n2.5))),
        _ => None,
    }
}
""",
    """
pub fn $f_pipeline($limit: $int) -> Vec<Box<dyn Fn($int) -> $int>> {
    let mut $steps: Vec<Box<dyn Fn($int) -> $int>> = Vec::new();
    $steps.push([-|$x| $x + $n1-][+Box::new(|$x| $x + $n1)+]);
    if $limit > $n2 {
        $steps.push([-move |$x: $int| $x.min($limit)-][+Box::new(move |$x: $int| $x.min($limit))+]);
    }
    #noise
    $steps
}
""",
    """
pub struct $Drill {
    pub $power: u32,
}

pub struct $Robot {
    pub $name: String,
    pub $tool: Box<$Drill>,
    @(pub $spare: Option<Box<$Drill>>,@)
}

pub fn $f_assemble($name: &str, $power: u32) -> $Robot {
    let $drill = $Drill { $power: $power + $k1 };
    $Robot {
        $name: $name.to_string(),
        $tool: [-$drill-][+Box::new($drill)+],
        $spare: @(None@|Some([-$Drill { $power }-][+Box::new($Drill { $power })+])@),
    }
}
""",
    """
pub struct $Tree {
    pub $key: $int,
    pub $left: Option<Box<$Tree>>,
    pub $right: Option<Box<$Tree>>,
}

impl $Tree {
    pub fn $f_leaf($key: $int) -> $Tree {
        $Tree { $key, $left: None, $right: None }
    }

    pub fn $f_insert(&mut self, $key: $int) {
        let $side = if $key < self.$key { &mut self.$left } else { &mut self.$right };
        match $side {
            Some($child) => $child.$f_insert($key),
            None => *$side = Some([-$Tree::$f_leaf($key)-][+Box::new($Tree::$f_leaf($key))+]),
        }
    }
}
""",
    """
pub trait $Logger {
    fn $f_log(&self, $line: &str) -> String;
}

pub struct $Plain;

impl $Logger for $Plain {
    fn $f_log(&self, $line: &str) -> String {
        format!("$w1@(: @| - @|> @){$line}")
    }
}

pub fn $f_logger() -> Box<dyn $Logger> {
    #noise
    [-$Plain-][+Box::new($Plain)+]
}
""",
    """
pub struct $Machine {
    pub $parts: Vec<Box<dyn std::fmt::Debug>>,
}

impl $Machine {
    pub fn $f_attach(&mut self, $part: Box<dyn std::fmt::Debug>) -> usize {
        self.$parts.push($part);
        self.$parts.len()
    }

    pub fn $f_setup(&mut self) {
        #noise
        self.$f_attach([-$n1-][+Box::new($n1)+]);
        self.$f_attach([-"$x1"-][+Box::new("$x1")+]);
    }
}
""",
    """
pub enum $Cons {
    $Item($int, Box<$Cons>),
    $End,
}

pub fn $f_collect($values: &[$int]) -> $Cons {
    let mut $list = $Cons::$End;
    for $value in $values.iter().rev() {
        $list = $Cons::$Item(*$value@(@| + $k1@| * $k1@), [-$list-][+Box::new($list)+]);
    }
    #noise
    $list
}
""",
    """
pub type $Action = Box<dyn Fn(&str) -> String>;

pub struct $Button {
    pub $label: String,
    pub $action: Option<$Action>,
}

impl $Button {
    pub fn $f_build($label: &str, $suffix: String) -> $Button {
        let $f_act = move |$text: &str| format!("{$text}{$suffix}");
        $Button { $label: $label.to_string(), $action: Some([-$f_act-][+Box::new($f_act)+]) }
    }

    pub fn $f_press(&self) -> String {
        self.$action.as_ref().map_or_else(String::new, |$action| $action(&self.$label))
    }
}
""",
    """
@(use std::collections::HashMap;@|use std::collections::BTreeMap as HashMap;@)

pub type $Op = Box<dyn Fn(f64, f64) -> f64>;

pub fn $f_commands() -> HashMap<&'static str, $Op> {
    let mut $commands: HashMap<&'static str, $Op> = HashMap::new();
    $commands.insert("$w1", [-|$a, $b| $a + $b-][+Box::new(|$a, $b| $a + $b)+]);
    $commands.insert("$w2", [-|$a, $b| ($a - $b) @(*@|/@) $k1.0-][+Box::new(|$a, $b| ($a - $b) @(*@|/@) $k1.0)+]);
    $commands
}
""",
)


@pattern(FAMILY, "E0308")
def os_missing_box_new(g: Grammar) -> Pair:
    """A plain value stands where a Box is expected."""
    return _program(g, _MISSING_BOX_NEW)


_RC_CLONE = (
    """
use std::rc::Rc;

pub struct $Player {
    pub $name: String,
    pub $board: Rc<Vec<$int>>,
}

pub fn $f_pair($board: Rc<Vec<$int>>) -> ($Player, $Player) {
    let $first = $Player { $name: "$w1".to_string(), $board: [-$board-][+Rc::clone(&$board)+] };
    let $second = $Player { $name: String::from("$w2"), $board };
    #noise
    ($first, $second)
}
""",
    """
use std::rc::Rc;
@(pub struct $Config {
    pub $limit: $int,
}

@|pub struct $Config {
    pub $limit: $int,
    pub $name: String,
}

@)pub fn $f_spread($config: Rc<$Config>, $many: usize) -> Vec<Rc<$Config>> {
    let mut $copies = Vec::@(new()@|with_capacity($many)@);
    for _ in 0..$many {
        $copies.push([-$config-][+Rc::clone(&$config)+]);
    }
    #noise
    $copies
}
""",
    """
use std::sync::{Arc, Mutex};
use std::thread;

pub fn $f_count($workers: $int) -> $int {
    let $total = Arc::new(Mutex::new(0));
    let mut $handles = Vec::new();
    for $id in 0..$workers {
        let $shared = [-$total-][+Arc::clone(&$total)+];
        $handles.push(thread::spawn(move || {
            *$shared.lock().unwrap() += $id@(@| * $k1@| + $k1@);
        }));
    }
    for $handle in $handles {
        $handle.join().unwrap();
    }
    let $result = *$total.lock().unwrap();
    $result
}
""",
    """
use std::rc::Rc;

pub fn $f_owners($text: &str) -> (Rc<String>, usize) {
    let $name = Rc::new($text.@(trim().to_string()@|to_uppercase()@|to_string()@));
    let $other = [-$name-][+Rc::clone(&$name)+];
    #noise $other
    let $owners = @(Rc::strong_count(&$name)@|$name.len()@|$name.len() + $k1@);
    ($other, $owners)
}
""",
    """
use std::cell::RefCell;
use std::rc::Rc;

pub struct $Folder {
    pub $name: String,
    pub $children: RefCell<Vec<Rc<$Folder>>>,
}

impl $Folder {
    pub fn $f_attach(&self, $child: Rc<$Folder>) -> String {
        self.$children.borrow_mut().push([-$child-][+Rc::clone(&$child)+]);
        @(format!("{}/{}", self.$name, $child.$name)@|$child.$name.to_uppercase()@|$child.$name.clone() + "$w1"@)
    }
}
""",
    """
use std::rc::Rc;
@(use std::collections::HashMap;@|use std::collections::BTreeMap as HashMap;@)

#[derive(Debug, Default)]
pub struct $Catalogue {
    pub $by_name: HashMap<String, Rc<String>>,
    pub $order: Vec<Rc<String>>,
}

impl $Catalogue {
    pub fn $f_register(&mut self, $key: &str, $title: &str) {
        let $entry = Rc::new($title.to_string());
        self.$by_name.insert($key.to_string(), [-$entry-][+Rc::clone(&$entry)+]);
        self.$order.push($entry);
    }
}
""",
    """
use std::cell::RefCell;
use std::rc::Rc;

pub fn $f_record($value: $int) -> Vec<$int> {
    let $log = Rc::new(RefCell::new(vec![$n1]));
    let $sink = [-$log-][+Rc::clone(&$log)+];
    let $f_write = move |$entry: $int| $sink.borrow_mut().push($entry);
    $f_write($value);
    $f_write($value @(+@|*@) $k1);
    let $seen = $log.borrow().clone();
    $seen
}
""",
    """
use std::rc::Rc;

@(fn $f_measure($words: Rc<Vec<String>>) -> usize {
    $words.iter().map(|$word| $word.len()).sum()
}@|fn $f_measure($words: Rc<Vec<String>>) -> usize {
    $words.len() * $k1
}@)

pub fn $f_describe($words: Rc<Vec<String>>) -> String {
    let $size = $f_measure([-$words-][+Rc::clone(&$words)+]);
    #noise $size
    format!("{} $w1, {}", $words.len(), $size)
}
""",
    """
use std::rc::Rc;

pub enum $Event {
    $Opened(Rc<str>),
    $Closed(Rc<str>, $int),
}

pub fn $f_history($title: &str) -> Vec<$Event> {
    let $door: Rc<str> = Rc::from($title);
    vec![
        $Event::$Opened([-$door-][+Rc::clone(&$door)+]),
        $Event::$Closed([-$door-][+Rc::clone(&$door)+], $n1),
        $Event::$Opened($door),
    ]
}
""",
    """
use std::sync::Arc;
use std::thread;

pub fn $f_parallel($words: Vec<String>) -> (usize, usize) {
    let $shared = Arc::new($words);
    let $mine = [-$shared-][+Arc::clone(&$shared)+];
    let $handle = thread::spawn(move || $mine.iter().filter(|$word| $word.len() > $k1).count());
    let $long = $handle.join().unwrap();
    #noise $long
    ($long, $shared.len())
}
""",
    """
use std::rc::Rc;

pub struct $Node {
    pub $value: $int,
    pub $parent: Option<Rc<$Node>>,
}

pub fn $f_siblings($root: Rc<$Node>) -> ($Node, $Node) {
    let $left = $Node { $value: $root.$value + $k1, $parent: Some([-$root-][+Rc::clone(&$root)+]) };
    let $right = $Node { $value: $root.$value * $k2, $parent: Some($root) };
    ($left, $right)
}
""",
    """
use std::rc::Rc;

pub struct $Server {
    pub $routes: Vec<Rc<String>>,
    pub $fallback: Option<Rc<String>>,
}

impl $Server {
    pub fn $f_mount(&mut self, $route: Rc<String>, $main: bool) {
        if $main {
            self.$fallback = Some([-$route-][+Rc::clone(&$route)+]);
        }
        match self.$routes.iter().position(|$known| *$known == $route) {
            Some($place) => self.$routes[$place] = $route,
            None => self.$routes.push($route),
        }
    }
}
""",
)


@pattern(FAMILY, "E0382")
def os_rc_clone(g: Grammar) -> Pair:
    """The only handle of a shared value is given away, and used again."""
    return _program(g, _RC_CLONE)


_BORROW_MUT = (
    """
use std::cell::RefCell;
use std::rc::Rc;

pub struct $Journal {
    pub $lines: Rc<RefCell<Vec<String>>>,
}

impl $Journal {
    pub fn $f_write(&self, $text: &str) -> usize {
        self.$lines.[-borrow()-][+borrow_mut()+].push(@($text.to_string()@|format!("$w1: {$text}")@));
        #noise
        self.$lines.borrow().len()
    }
}
""",
    """
use std::cell::RefCell;
use std::rc::Rc;

pub fn $f_share($start: $int) -> Vec<$int> {
    let $first = Rc::new(RefCell::new(vec![$start]));
    let $second = Rc::clone(&$first);
    $first.[-borrow()-][+borrow_mut()+].push($n1);
    $second.[-borrow()-][+borrow_mut()+].@(insert(0, $n2)@|extend([$n2, $n1])@|push($start + $k1)@|truncate($k1)@);
    #noise
    let $values = $first.borrow();
    $values.to_vec()
}
""",
    """
use std::cell::RefCell;

pub struct $Account {
    pub $balance: $int,
}

impl $Account {
    pub fn $f_deposit(&mut self, $amount: $int) {
        self.$balance @(+=@|=@) $amount;
    }
}

pub fn $f_pay($accounts: &[RefCell<$Account>], $amount: $int) {
    for $account in $accounts {
        @(if $account.borrow().$balance < $n1 {
            $account.[-borrow()-][+borrow_mut()+].$f_deposit($amount);
        }@|$account.[-borrow()-][+borrow_mut()+].$f_deposit($amount @(+@|*@) $k1);@)
    }
}
""",
    """
use std::cell::RefCell;

pub struct $Pool {
    $free: RefCell<Vec<$int>>,
    pub $name: String,
}

impl $Pool {
    pub fn $f_take(&self) -> Option<$int> {
        let mut $free = self.$free.[-borrow()-][+borrow_mut()+];
        @($free.sort();
        @|$free.dedup();
        @|@)$free.pop()
    }

    pub fn $f_give(&self, $item: $int) {
        self.$free.[-borrow()-][+borrow_mut()+].push($item);
    }
}
""",
    """
use std::cell::RefCell;
use std::collections::HashMap;

#[derive(Default)]
pub struct $Counter {
    $seen: RefCell<HashMap<String, usize>>,
}

impl $Counter {
    pub fn $f_note(&self, $word: &str) -> usize {
        let $key = $word.@(trim()@|to_lowercase()@).to_string();
        *self.$seen.[-borrow()-][+borrow_mut()+].entry($key).or_insert(@(0@|$k1@)) += 1;
        #noise $word
        self.$seen.borrow().@(len()@|values().sum()@)
    }
}
""",
    """
use std::cell::RefCell;
use std::rc::Rc;

pub struct $Node {
    pub $name: String,
    pub $children: Vec<Rc<RefCell<$Node>>>,
}

pub fn $f_adopt($parent: &Rc<RefCell<$Node>>, $name: &str) -> Rc<RefCell<$Node>> {
    let $child = Rc::new(RefCell::new($Node { $name: $name.to_string(), $children: Vec::new() }));
    $parent.[-borrow()-][+borrow_mut()+].$children.push(Rc::clone(&$child));
    @($child.[-borrow()-][+borrow_mut()+].$name.push_str("$w1");
    @|$child.[-borrow()-][+borrow_mut()+].$name.push('!');
    @|@)$child
}
""",
    """
use std::cell::RefCell;
use std::rc::Rc;

pub fn $f_raise($scores: &Rc<RefCell<Vec<$int>>>, $place: usize, $by: $int) -> bool {
    #noise
    match $scores.[-borrow()-][+borrow_mut()+].get_mut($place) {
        Some($score) => {
            *$score @(+=@|*=@) $by;
            true
        }
        None => false,
    }
}
""",
    """
use std::cell::RefCell;

pub struct $Sensor {
    pub $readings: RefCell<Vec<f64>>,
    pub $factor: f64,
}

impl $Sensor {
    pub fn $f_scale(&self) -> f64 {
        for $reading in self.$readings.[-borrow()-][+borrow_mut()+].iter_mut() {
            *$reading *= self.$factor;
        }
        #noise
        self.$readings.borrow().iter().sum()
    }
}
""",
    """
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

#[derive(Clone)]
pub struct $Queue {
    $jobs: Rc<RefCell<VecDeque<@(String@|u64@|(u32, String)@)>>>,
}

impl $Queue {
    pub fn $f_drop_oldest(&self, $keep: usize) -> usize {
        let mut $dropped = 0;
        while self.$jobs.borrow().len() > $keep {
            self.$jobs.[-borrow()-][+borrow_mut()+].pop_front();
            $dropped += 1;
        }
        $dropped
    }
}
""",
    """
use std::cell::RefCell;
use std::rc::Rc;

pub fn $f_listener($events: &Rc<RefCell<Vec<String>>>) -> impl Fn(&str) {
    let $events = Rc::clone($events);
    #noise
    move |$event: &str| {
        $events.[-borrow()-][+borrow_mut()+].push($event.@(to_string()@|to_uppercase()@));
        if $events.borrow().len() > $n1 {
            $events.[-borrow()-][+borrow_mut()+].remove(0);
        }
    }
}
""",
    """
use std::cell::RefCell;
use std::rc::Rc;

pub struct $Light {
    pub $on: bool,
    pub $level: $int,
}

impl $Light {
    pub fn $f_dim(&mut self) -> $int {
        self.$level /= $k1;
        self.$level
    }
}

pub fn $f_darken($lights: &[Rc<RefCell<$Light>>]) -> $int {
    $lights.iter().map(|$light| $light.[-borrow()-][+borrow_mut()+].$f_dim()).@(sum()@|max().unwrap_or(0)@)
}
""",
    """
use std::cell::RefCell;

pub struct $Page {
    $title: RefCell<String>,
    $tags: RefCell<Vec<String>>,
}

impl $Page {
    pub fn $f_rename(&self, $title: &str, $tag: Option<&str>) {
        let mut $own = self.$title.[-borrow()-][+borrow_mut()+];
        $own.clear();
        $own.push_str($title);
        if let Some($tag) = $tag {
            self.$tags.[-borrow()-][+borrow_mut()+].push($tag.to_string());
        }
    }
}
""",
)


@pattern(FAMILY, "E0596")
def os_borrow_mut(g: Grammar) -> Pair:
    """What a RefCell holds is changed through `borrow()`."""
    return _program(g, _BORROW_MUT)


_OPTION_TAKE = (
    """
pub struct $Node {
    pub $value: @($int@|String@|char@),
    pub $link: Option<Box<$Node>>,
}

pub struct $Stack {
    pub $head: Option<Box<$Node>>,
    pub $size: usize,
}

impl $Stack {
    pub fn $f_pop(&mut self) -> @(bool {
        match self.$head[+.take()+] {
            Some($node) => {
                self.$head = $node.$link;
                self.$size -= 1;
                true
            }
            None => false,
        }
    }@|usize {
        if let Some($node) = self.$head[+.take()+] {
            self.$head = $node.$link;
            self.$size -= 1;
        }
        self.$size
    }@)
}
""",
    """
pub struct $Node {
    pub $item: $int,
    pub $rest: Option<Box<$Node>>,
}

#[derive(Default)]
pub struct $List {
    $first: Option<Box<$Node>>,
}

impl $List {
    pub fn $f_push(&mut self, $item: $int) {
        @(let $old = self.$first[+.take()+];
        self.$first = Some(Box::new($Node { $item, $rest: $old }));@|let $node = $Node { $item, $rest: self.$first[+.take()+] };
        self.$first = Some(Box::new($node));@)
    }

    pub fn $f_pop(&mut self) -> Option<$int> {
        self.$first[+.take()+].map(|$node| {
            self.$first = $node.$rest;
            $node.$item
        })
    }
}
""",
    """
pub struct $Desk {
    pub $current: Option<String>,
    pub $done: Vec<String>,
}

impl $Desk {
    pub fn $f_finish(&mut self) -> usize {
        #noise
        @(match self.$current[+.take()+] {
            Some($task) => self.$done.push($task),
            None => println!("$x1"),
        }@|if let Some($task) = self.$current[+.take()+] {
            self.$done.push($task);
        }@)
        self.$done.len()
    }
}
""",
    """
@(#[derive(Debug)]
@|@)pub struct $Cargo {
    pub $weight: $int,
}

pub struct $Ship {
    pub $name: String,
    pub $cargo: Option<$Cargo>,
}

pub fn $f_transfer($from: &mut $Ship, $to: &mut $Ship) -> bool {
    if $to.$cargo.is_some() {
        return false;
    }
    $to.$cargo = $from.$cargo[+.take()+];
    #noise
    $to.$cargo.is_some()
}
""",
    """
use std::thread::JoinHandle;

pub struct $Worker {
    pub $name: String,
    $handle: Option<JoinHandle<@(()@|$int@)>>,
}

impl $Worker {
    pub fn $f_stop(&mut self) -> bool {
        @(let $handle = self.$handle[+.take()+];
        match $handle {
            Some($thread) => $thread.join().is_ok(),
            None => false,
        }@|match self.$handle[+.take()+] {
            Some($thread) => $thread.join().is_ok(),
            None => false,
        }@|if let Some($thread) = self.$handle[+.take()+] {
            return $thread.join().is_ok();
        }
        false@)
    }
}
""",
    """
pub struct $Slot {
    pub $item: Option<@(String@|Vec<u8>@|Box<str>@)>,
    pub $locked: bool,
}

pub fn $f_collect($slots: &mut [$Slot]) -> usize {
    let mut $taken = Vec::new();
    for $slot in $slots.iter_mut() {
        if $slot.$locked {
            continue;
        }
        if let Some($item) = $slot.$item[+.take()+] {
            $taken.push($item);
        }
    }
    $taken.@(len()@|iter().map(|$one| $one.len()).sum()@)
}
""",
    """
pub struct $Reader {
    $pending: Option<String>,
    pub $read: usize,
}

impl $Reader {
    pub fn $f_peek(&self) -> Option<&String> {
        self.$pending.as_ref()
    }

    pub fn $f_line(&mut self) -> Option<String> {
        @(self.$read += 1;
        self.$pending[+.take()+]@|let $line = self.$pending[+.take()+];
        self.$read += $line.as_ref().map_or(0, |$text| $text.len());
        $line@)
    }
}
""",
    """
pub struct $Link {
    pub $id: $int,
    pub $tail: Option<Box<$Link>>,
}

pub fn $f_reverse($head: &mut Option<Box<$Link>>) {
    let mut $turned = None;
    let mut $rest = $head.take();
    while let Some(mut $link) = $rest {
        $rest = $link.$tail.take();
        $link.$tail = $turned;
        $turned = Some($link);
    }
    *$head = $turned;
}

pub fn $f_cut($link: &mut $Link) -> Option<Box<$Link>> {
    $link.$id += $k1;
    $link.$tail[+.take()+]
}
""",
    """
pub struct $Message {
    pub $subject: String,
    pub $body: Option<String>,
}

impl $Message {
    pub fn $f_send(&mut self) -> String {
        let $body = self.$body[+.take()+].@(unwrap_or_default()@|unwrap_or_else(|| "$w1".to_string())@|expect("$x1")@);
        #noise $body
        format!("{}@(: @|\\n@| - @){}", self.$subject, $body)
    }
}
""",
    """
pub struct $Tree {
    pub $key: $int,
    pub $left: Option<Box<$Tree>>,
    pub $right: Option<Box<$Tree>>,
}

impl $Tree {
    pub fn $f_mirror(&mut self) {
        let $old = self.$left[+.take()+];
        self.$left = self.$right[+.take()+];
        self.$right = $old;
    }

    pub fn $f_prune(&mut self, $limit: $int) -> Option<Box<$Tree>> {
        if self.$key > $limit { self.$right[+.take()+] } else { None }
    }
}
""",
    """
pub fn $f_claim($prize: &mut Option<@(String@|Vec<$int>@)>, $winners: &mut Vec<usize>, $id: usize) -> usize {
    if $id < $n1 {
        return 0;
    }
    let $won = $prize[+.take()+].unwrap_or_default();
    $winners.push($id);
    #noise $id
    $won.len()
}
""",
    """
pub struct $State {
    $draft: Option<Vec<String>>,
    $versions: Vec<Vec<String>>,
}

impl $State {
    /// $x1
    pub fn $f_publish(&mut self) -> Result<usize, String> {
        let $draft = self.$draft[+.take()+].ok_or(@("$x2".to_string()@|String::from("$x2")@))?;
        let $size = $draft.len();
        self.$versions.push($draft);
        Ok(@($size@|$size + self.$versions.len()@))
    }
}
""",
)


@pattern(FAMILY, "E0507")
def os_option_take(g: Grammar) -> Pair:
    """What an Option behind a mutable reference holds is moved out, and nothing left in its place."""
    return _program(g, _OPTION_TAKE)


_AS_DEREF = (
    """
pub struct $Node {
    pub $value: $int,
    pub $link: Option<Box<$Node>>,
}

impl $Node {
    pub fn $f_following(&self) -> Option<&$Node> {
        #noise
        self.$link.[-as_ref()-][+as_deref()+]
    }

    pub fn $f_following_mut(&mut self) -> Option<&mut $Node> {
        self.$link.[-as_mut()-][+as_deref_mut()+]
    }
}
""",
    """
pub struct $Link {
    pub $value: $int,
    pub $tail: Option<Box<$Link>>,
}

pub fn $f_total($head: &$Link) -> $int {
    let mut $total = @(0@|$n1@);
    let mut $current = Some($head);
    while let Some($link) = $current {
        $total += $link.$value;
        $current = $link.$tail.[-as_ref()-][+as_deref()+];
    }
    #noise $total
    $total
}
""",
    """
pub struct $User {
    pub $id: u32,
    pub $nickname: Option<String>,
}

impl $User {
    pub fn $f_display(&self) -> String {
        let $name = self.$nickname.[-as_ref()-][+as_deref()+].unwrap_or("$w1");
        #noise $name
        format!("@({}: {}@|#{} {}@|{}/{}@)", self.$id, $name)
    }
}
""",
    """
@(#[derive(Default)]
@|@)pub struct $Profile {
    pub $title: Option<String>,
    pub $tags: Option<Vec<$int>>,
}

impl $Profile {
    pub fn $f_title(&self) -> Option<&str> {
        self.$title.[-as_ref()-][+as_deref()+]
    }

    pub fn $f_tags(&self) -> Option<&[$int]> {
        self.$tags.[-as_ref()-][+as_deref()+]
    }
}
""",
    """
pub struct $Tree {
    pub $key: $int,
    pub $left: Option<Box<$Tree>>,
    pub $right: Option<Box<$Tree>>,
}

pub fn $f_height($tree: Option<&$Tree>) -> usize {
    match $tree {
        Some($node) => {
            let $left = $f_height($node.$left.[-as_ref()-][+as_deref()+]);
            let $right = $f_height($node.$right.[-as_ref()-][+as_deref()+]);
            @(1 + $left.max($right)@|$left + $right + 1@)
        }
        None => 0,
    }
}
""",
    """
pub trait $Shape {
    fn $f_area(&self) -> $int;
}

pub struct $Canvas {
    pub $selected: Option<Box<dyn $Shape>>,
    pub $scale: $int,
}

impl $Canvas {
    pub fn $f_selected(&self) -> Option<&dyn $Shape> {
        self.$selected.[-as_ref()-][+as_deref()+]
    }

    pub fn $f_size(&self) -> $int {
        self.$f_selected().map_or(0, |$shape| $shape.$f_area() * self.$scale)
    }
}
""",
    """
pub fn $f_level($setting: &Option<String>) -> usize {
    #noise
    match $setting.[-as_ref()-][+as_deref()+] {
        Some("$w1") => $n1,
        Some("$w2") => $n2,
        Some($other) => $other.len(),
        None => 0,
    }
}
""",
    """
@(fn $f_greet($name: Option<&str>) -> String {
    match $name {
        Some($name) => format!("$w1 {$name}"),
        None => "$w1".to_string(),
    }
}@|fn $f_greet($name: Option<&str>) -> String {
    $name.unwrap_or("$w1").to_uppercase()
}@)

pub struct $Guest {
    pub $name: Option<String>,
    pub $table: $int,
}

pub fn $f_greet_all($guests: &[$Guest]) -> Vec<String> {
    $guests.iter().map(|$guest| $f_greet($guest.$name.[-as_ref()-][+as_deref()+])).collect()
}
""",
    """
pub struct $Layer {
    pub $name: String,
    pub $below: Option<Box<$Layer>>,
}

impl $Layer {
    pub fn $f_find(&self, $wanted: &str) -> Option<&$Layer> {
        let mut $layer: Option<&$Layer> = Some(self);
        while let Some($here) = $layer {
            if $here.$name == $wanted {
                return Some($here);
            }
            $layer = $here.$below.[-as_ref()-][+as_deref()+];
        }
        None
    }
}
""",
    """
pub struct $Entry {
    pub $amount: $int,
    pub $more: Option<Box<$Entry>>,
}

pub struct $Ledger {
    pub $newest: Option<Box<$Entry>>,
}

impl $Ledger {
    pub fn $f_largest(&self) -> Option<$int> {
        let mut $here: Option<&$Entry> = self.$newest.[-as_ref()-][+as_deref()+];
        let mut $best = None;
        while let Some($entry) = $here {
            $best = $best.max(Some($entry.$amount));
            $here = $entry.$more.as_deref();
        }
        $best
    }
}
""",
    """
use std::collections::HashMap;

pub struct $Request {
    pub $path: String,
    pub $query: Option<String>,
}

pub fn $f_route($routes: &HashMap<String, $int>, $request: &$Request) -> Option<$int> {
    let $found = $routes.get(&$request.$path)?;
    let $query: &str = $request.$query.[-as_ref()-][+as_deref()+].unwrap_or("$w1");
    #noise $query
    if $query.@(is_empty()@|len() > $n1@) { Some(*$found) } else { None }
}
""",
    """
pub struct $Song {
    pub $title: String,
    pub $album: Option<String>,
}

impl $Song {
    pub fn $f_same_album(&self, $album: Option<&str>) -> bool {
        let $own: Option<&str> = self.$album.[-as_ref()-][+as_deref()+];
        $own == $album
    }
}

pub fn $f_count($songs: &[$Song], $album: &Option<String>) -> usize {
    $songs.iter().filter(|$song| $song.$f_same_album($album.[-as_ref()-][+as_deref()+])).count()
}
""",
)


@pattern(FAMILY, "E0308")
def os_as_deref(g: Grammar) -> Pair:
    """An Option of a reference to an owner is given where the reference to what it owns is wanted."""
    return _program(g, _AS_DEREF)


_WEAK_UPGRADE = (
    """
use std::rc::Weak;

pub struct $Folder {
    pub $name: String,
    pub $parent: Weak<$Folder>,
}

impl $Folder {
    pub fn $f_path(&self) -> String {
        @(match self.$parent[+.upgrade()+] {
            Some($parent) => format!("{}/{}", $parent.$f_path(), self.$name),
            None => self.$name.clone(),
        }@|if let Some($parent) = self.$parent[+.upgrade()+] {
            return format!("{}/{}", $parent.$f_path(), self.$name);
        }
        self.$name.clone()@)
    }
}
""",
    """
use std::rc::{Rc, Weak};

pub struct $Node {
    pub $value: $int,
    pub $owner: Weak<$Node>,
}

impl $Node {
    pub fn $f_owner(&self) -> Option<Rc<$Node>> {
        #noise
        self.$owner[+.upgrade()+]
    }

    pub fn $f_sum(&self) -> $int {
        self.$value + self.$f_owner().map_or(0, |$owner| $owner.$value)
    }
}
""",
    """
use std::cell::RefCell;
use std::rc::{Rc, Weak};

pub struct $Employee {
    pub $name: String,
    pub $boss: RefCell<Weak<$Employee>>,
}

pub fn $f_chain($start: &Rc<$Employee>) -> Vec<String> {
    let mut $names = vec![$start.$name.clone()];
    let mut $here = Rc::clone($start);
    loop {
        let $boss: Option<Rc<$Employee>> = $here.$boss.borrow()[-.clone()-][+.upgrade()+];
        match $boss {
            Some($above) => $here = $above,
            None => return $names,
        }
        $names.push($here.$name.clone());
    }
}
""",
    """
use std::cell::Cell;
use std::rc::Weak;

pub struct $Listener {
    pub $calls: Cell<u32>,
}

pub struct $Subject {
    pub $listeners: Vec<Weak<$Listener>>,
}

impl $Subject {
    pub fn $f_notify(&self) -> usize {
        let mut $reached = 0;
        for $listener in &self.$listeners {
            if let Some($alive) = $listener[+.upgrade()+] {
                $alive.$calls.set($alive.$calls.get() + @(1@|$k1@));
                $reached += 1;
            }
        }
        $reached
    }
}
""",
    """
use std::sync::{Arc, Mutex, Weak};

pub struct $Cache {
    pub $hits: Mutex<$int>,
}

pub fn $f_touch($cache: &Weak<$Cache>) -> Option<$int> {
    #noise
    let $cache: Arc<$Cache> = $cache.upgrade()?;
    let mut $hits = $cache.$hits.lock().unwrap();
    *$hits += $k1;
    Some(*$hits)
}

pub fn $f_alive($caches: &[Weak<$Cache>]) -> Vec<Arc<$Cache>> {
    let mut $alive = Vec::new();
    for $cache in $caches {
        if let Some($cache) = $cache[+.upgrade()+] {
            $alive.push($cache);
        }
    }
    $alive
}
""",
    """
use std::rc::{Rc, Weak};

fn $f_show($owner: Option<Rc<String>>) -> String {
    $owner.map_or_else(|| "$w1".to_string(), |$name| $name.@(to_uppercase()@|trim().to_string()@))
}

pub struct $Car {
    pub $plate: String,
    pub $driver: Weak<String>,
}

pub fn $f_describe($car: &$Car) -> String {
    let $driver = $f_show($car.$driver[+.upgrade()+]);
    #noise $driver
    format!("{}@(: @| - @| of @){}", $car.$plate, $driver)
}
""",
    """
use std::rc::Weak;

pub struct $Room {
    pub $level: $int,
    pub $exit: Weak<$Room>,
}

pub fn $f_steps($room: &$Room) -> usize {
    let mut $steps = 0;
    let mut $exit = $room.$exit.clone();
    while let Some($beyond) = $exit[+.upgrade()+] {
        $steps += @(1@|$k1@);
        $exit = $beyond.$exit.clone();
    }
    #noise $steps
    $steps
}
""",
    """
use std::cell::RefCell;
use std::rc::{Rc, Weak};

pub struct $Team {
    pub $points: RefCell<$int>,
}

pub struct $Member {
    pub $team: Weak<$Team>,
}

impl $Member {
    pub fn $f_score(&self, $points: $int) -> bool {
        let $team: Option<Rc<$Team>> = self.$team[+.upgrade()+];
        if let Some($team) = &$team {
            *$team.$points.borrow_mut() += $points;
        }
        $team.is_some()
    }
}
""",
    """
use std::rc::{Rc, Weak};

pub struct $Registry {
    $entries: Vec<(String, Weak<Vec<$int>>)>,
}

impl $Registry {
    pub fn $f_find(&self, $key: &str) -> Option<Rc<Vec<$int>>> {
        for ($name, $entry) in &self.$entries {
            if $name == $key {
                return $entry[+.upgrade()+];
            }
        }
        None
    }
}
""",
    """
use std::collections::HashMap;
use std::rc::{Rc, Weak};

pub fn $f_load($cache: &mut HashMap<String, Weak<String>>, $key: &str) -> Rc<String> {
    if let Some($weak) = $cache.get($key) {
        if let Some($text) = $weak[+.upgrade()+] {
            return $text;
        }
    }
    let $fresh = Rc::new($key.@(to_uppercase()@|repeat($k1)@|to_string()@));
    $cache.insert($key.to_string(), Rc::downgrade(&$fresh));
    $fresh
}
""",
    """
use std::cell::RefCell;
use std::rc::{Rc, Weak};

pub struct $Widget {
    pub $id: $int,
    pub $parent: RefCell<Weak<$Widget>>,
}

impl $Widget {
    pub fn $f_place($parent: &Rc<$Widget>, $id: $int) -> $Widget {
        $Widget { $id, $parent: RefCell::new(Rc::downgrade($parent)) }
    }

    pub fn $f_parent_id(&self) -> $int {
        match self.$parent.borrow()[+.upgrade()+] {
            Some($parent) => $parent.$id,
            None => @(0@|self.$id@|$n1@),
        }
    }
}
""",
)


@pattern(FAMILY, "E0308")
def os_weak_upgrade(g: Grammar) -> Pair:
    """A Weak is taken for the Option of an Rc that `upgrade()` makes of it."""
    return _program(g, _WEAK_UPGRADE)
