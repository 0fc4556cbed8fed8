"""Generics and closures: type parameters, bounds on functions, captures, and types to be named."""

from __future__ import annotations

from continualcode.koans.grammar import Grammar, Pair, pattern
from continualcode.koans.patterns.templates import program

FAMILY = "generics_and_closures"


def _one_of(g: Grammar, templates: tuple[str, ...], room: int) -> Pair:
    return program(g, g.random.choice(templates), room)


_FN_BOUND = (
    """
pub fn $fn1[-<$F>-][+<$F: Fn($int) -> $int>+]($many1: &[$int], $var1: $F) -> Vec<$int> {
    let mut $many2 = Vec::new();
    #noise $many1[]
    for $var2 in $many1 {
        @(@|if *$var2 != $big1 {
            $many2.push($num1);
        }
        @)$many2.push($var1(*$var2)@(@| @(+@|*@) $num2@));
    }
    $many2
}
@(@|
pub fn $fn2($many1: &[$int]) -> Vec<$int> {
    $fn1($many1, |$var3: $int| $var3 @(+@|*@) $num3)
}
@)
""",
    """
pub fn $fn1[-<$F>-][+<$F: Fn(&str) -> bool>+]($many1: &[@(&str@|String@)], $var1: $F) -> @(usize {
    #noise $many1[]
    $many1.iter().filter(|$var2| $var1($var2)).count()@|Option<usize> {
    #noise $many1[]
    $many1.iter().position(|$var2| $var1($var2))@|bool {
    #noise $many1[]
    $many1.iter().@(any@|all@)(|$var2| @(@|!@)$var1($var2))@|Vec<String> {
    #noise $many1[]
    let mut $many2: Vec<String> = $many1
        .iter()
        .filter(|$var2| $var1($var2))
        .map(|$var3| $var3.to_string())
        .collect();
    $many2.@(sort()@|reverse()@|truncate($num1)@);
    $many2@)
}
""",
    """
pub struct $Type1 {
    pub $many1: Vec<$int>,
    pub $var4: @(String@|bool@|u8@),
}

impl $Type1 {
    @(@|pub fn $fn2(&self, $var5: $int) -> bool {
        self.$many1.contains(&$var5)
    }

    @)pub fn $fn1[-<$F>-][+<$F: Fn($int) -> bool>+](&self, $var1: $F) -> Vec<$int> {
        #noise self.$many1[]
        let mut $many2 = Vec::new();
        for &$var2 in &self.$many1 {
            if $var1($var2) {
                $many2.push($var2@(@| @(+@|*@) $num1@));
            }
        }
        $many2
    }
}
""",
    """
pub struct $Type1<$F> {
    pub $var1: $F,
    pub $var2: $int,
}

impl[-<$F>-][+<$F: Fn($int) -> $int>+] $Type1<$F> {
    pub fn $fn1(&@(self@|mut self@), $var3: $int) -> $int {
        #noise $var3
        let $var4 = (self.$var1)($var3);
        $var4 @(+@|*@) self.$var2
    }
}
""",
    """
pub struct $Type1<$F> {
    $var1: $F,
    $many1: Vec<String>,
}

impl[-<$F>-][+<$F: Fn(&str) -> String>+] $Type1<$F> {
    pub fn $fn2($var1: $F) -> Self {
        $Type1 { $var1, $many1: Vec::new() }
    }

    pub fn $fn1(&mut self, $var3: &str) -> usize {
        let $var4: String = (self.$var1)($var3);
        if !$var4.is_empty() {
            self.$many1.push($var4);
        }
        self.$many1.len()
    }
}
""",
    """
pub fn $fn1[-<$T, $F>-][+<$T, $F: Fn($T) -> $T>+]($many1: Vec<$T>, $var1: $F) -> Vec<$T> {
    let mut $many2 = Vec::with_capacity($many1.len());
    #noise $many1[]
    for $var2 in $many1 {
        $many2.push($var1($var2));
    }
    $many2
}
""",
    """
pub fn $fn1[-<$T, $F>-][+<$T, $F: Fn(&$T) -> bool>+]($many1: &[$T], $var1: $F) -> @(usize {
    let mut $var3 = 0;
    #noise $many1[]
    for $var2 in $many1 {
        if $var1($var2) {
            $var3 += $num1;
        }
    }
    $var3
}@|Option<&$T> {
    for $var2 in $many1 {
        if $var1($var2) {
            return Some($var2);
        }
    }
    #noise $many1[]
    None
}@|Vec<&$T> {
    let mut $many2 = Vec::new();
    for $var2 in $many1.iter().take($big1) {
        if !$var1($var2) {
            $many2.push($var2);
        }
    }
    #noise $many2[]
    $many2
}@)
""",
    """
pub fn $fn1<$T, $F>($many1: &[$T], $var1: $F) -> Vec<$T>
where
    $T: @(Clone@|Clone + PartialOrd@|Clone + Default@|Clone + std::fmt::Debug@),
[+    $F: Fn(&$T) -> bool,+]
{
    #noise $many1[]
    let mut $many2 = Vec::new();
    for $var2 in $many1 {
        if $var1($var2) {
            $many2.push($var2.clone());
        }
    }
    $many2
}
""",
    """
pub fn $fn1<$F1: Fn($int) -> $int, $F2[+: Fn($int) -> $int+]>(
    $var1: $F1,
    $var2: $F2,
    $var3: $int,
) -> $int {
    #noise $var3
    let $var4 = $var1($var3);
    @($var2($var4)@|$var4 + $var2($var3)@|$var2($var4) * $num1@)
}
""",
    """
pub fn $fn1[-<$F>-][+<$F: Fn(u32) -> bool>+]($var2: u32, $var1: $F) -> bool {
    let mut $var3 = 0;
    while $var3 < $var2 {
        if @(@|!@)$var1($var3) {
            return true;
        }
        $var3 += $num1;
    }
    false
}
""",
    """
pub fn $fn1[-<$F>-][+<$F: Fn(&str)>+]($var2: &str, $var1: $F) -> usize {
    let mut $var3 = 0;
    for $var4 in $var2.@(lines()@|split_whitespace()@|split(',')@) {
        if $var4.@(starts_with('#')@|is_empty()@|len() > $big1@) {
            $var1($var4);
            $var3 += 1;
        }
    }
    $var3
}

pub fn $fn2($var2: &str) -> usize {
    #noise $var2
    $fn1($var2, |$var5: &str| println!("$text1 {$var5}"))
}
""",
    """
use std::collections::HashMap;

pub fn $fn1[-<$F>-][+<$F: Fn(&str) -> $int>+]($many1: &[&str], $var1: $F) -> HashMap<String, $int> {
    let mut $many2 = HashMap::new();
    #noise $many1[]
    for $var2 in $many1 {
        let $var3 = $var1($var2);
        $many2.insert($var2.to_string(), $var3);
    }
    $many2
}
""",
    """
#[derive(Debug, Clone)]
pub struct $Type1 {
    pub $var1: String,
    pub $var2: $int,
}

pub fn $fn1[-<$F>-][+<$F: Fn(&$Type1) -> $int>+]($many1: &[$Type1], $var3: $F) -> $int {
    #noise $many1[]
    @($many1.iter().map(|$var4| $var3($var4) @(+@|*@) $num1).sum()@|let mut $var5 = $num1;
    for $var4 in $many1 {
        $var5 += $var3($var4);
    }
    $var5@)
}
@(@|
pub fn $fn2($many1: &[$Type1]) -> $int {
    $fn1($many1, |$var4: &$Type1| $var4.$var2@(@| + $num2@))
}
@)
""",
    r"""
pub fn $fn1[-<$F>-][+<$F: Fn(usize, usize) -> char>+]($var1: usize, $var3: $F) -> String {
    let mut $var4 = String::new();
    for $var5 in 0..$num1 {
        for $var6 in 0..$var1 {
            $var4.push($var3($var5, $var6));
        }
        $var4.push('\n');
    }
    $var4
}
""",
    """
fn $fn1[-<$F>-][+<$F: Fn() -> $int>+]($var1: Option<$int>, $var2: $F) -> $int {
    match $var1 {
        Some($var3) if $var3 > $num1 => $var3,
        _ => $var2(),
    }
}

pub fn $fn2($many1: &[$int]) -> $int {
    #noise $many1[]
    let $var4 = $fn1($many1.first().copied(), || $big1);
    $fn1($many1.iter().copied().@(max@|min@)(), || $var4@(@| + $num2@))
}
""",
)


@pattern(FAMILY, "E0618")
def gc_missing_fn_bound(g: Grammar) -> Pair:
    """A type parameter is called like a function, but no `Fn` bound says how."""
    return _one_of(g, _FN_BOUND, 780)


_FNMUT = (
    """
pub fn $fn1($many1: &[$int], [-$var1: impl Fn($int)-][+mut $var1: impl FnMut($int)+]) {
    #noise $many1[]
    for $var2 in $many1 {
        $var1(*$var2@(@| @(+@|*@) $num1@));
    }
}

pub fn $fn2($many1: &[$int]) -> $int {
    let mut $var3 = $num2;
    $fn1($many1, |$var4| $var3 += $var4);
    #noise $var3
    $var3
}
""",
    """
pub fn $fn2($var5: &str) -> usize {
    let mut $var3 = 0;
    $fn1($var5, |$var4| {
        if $var4.@(is_empty()@|contains('$num1')@|starts_with("$word1")@|len() > $num1@) {
            $var3 += @(1@|$num2@|$var4.len()@);
        }
    });
    $var3
}

fn $fn1($var5: &str, [-$var1: impl Fn(&str)-][+mut $var1: impl FnMut(&str)+]) {
    for $var2 in $var5.@(lines()@|split(' ')@|split(',')@|split_whitespace()@) {
        $var1($var2@(@|.trim()@));
    }
}
""",
    """
pub struct $Type1 {
    pub $many1: Vec<@(u32@|i64@|u64@)>,
}

impl $Type1 {
    pub fn $fn1(&self, [-$var1: impl Fn(usize)-][+mut $var1: impl FnMut(usize)+]) {
        for ($var2, $var3) in self.$many1.iter().enumerate() {
            if *$var3 > $big1 {
                $var1($var2);
            }
        }
    }
}

pub fn $fn2($var4: &$Type1) -> usize {
    let mut $var5 = 0;
    $var4.$fn1(|$var6| $var5 = $var6);
    $var5
}
""",
    """
pub fn $fn1<[-$F: Fn()>($var1: u32, $var2: $F-][+$F: FnMut()>($var1: u32, mut $var2: $F+]) {
    for _ in 0..$var1 {
        $var2();
    }
}

pub fn $fn2($var1: u32) -> $int {
    let mut $var3 = $num1;
    #noise $var1
    $fn1($var1@(@| + $num3@), || $var3 @(*=@|+=@) $num2);
    $var3
}
""",
    """
fn $fn1<[-$F: Fn(&str, u32)>($many1: &[(String, u32)], $var2: $F-][+$F: FnMut(&str, u32)>($many1: &[(String, u32)], mut $var2: $F+]) {
    for ($var3, $var4) in $many1 {
        $var2($var3, *$var4);
    }
}

pub fn $fn2($many1: &[(String, u32)]) -> u32 {
    let mut $var5 = 0;
    $fn1($many1, |$var6, $var7| {
        if $var6 != "$word1" {
            $var5 += $var7;
        }
    });
    $var5
}
""",
    """
pub fn $fn1($many1: &[$int], $var1: impl @([-Fn-][+FnMut+]($int)@|[-Fn-][+FnMut+]($int)@)) {
    #noise $many1[]
    $many1.iter().copied().@(@|rev().@|skip($num1).@|filter(|$var2| *$var2 > $num2).@)for_each($var1);
}

pub fn $fn2($many1: &[$int]) -> $int {
    let mut $var3 = $big1;
    $fn1($many1, |$var4| {
        if $var4 @(<@|>@) $var3 {
            $var3 = $var4;
        }
    });
    $var3
}
""",
    """
pub struct $Type1 {
    $many1: Vec<String>,
}

impl $Type1 {
    pub fn $fn2(&self) -> usize {
        let mut $var1 = 0;
        self.$fn1(|$var2| $var1 = $var1.max($var2.len()));
        $var1
    }

    fn $fn1<[-$F: Fn(&str)>(&self, $var3: $F-][+$F: FnMut(&str)>(&self, mut $var3: $F+]) {
        for $var4 in &self.$many1 {
            $var3($var4);
        }
    }
}
""",
    """
pub struct $Type1 {
    pub $var1: $int,
    pub $var2: bool,
}

pub fn $fn1($many1: &[$Type1], [-$var3: impl Fn(&$Type1)-][+mut $var3: impl FnMut(&$Type1)+]) {
    for $var4 in $many1.iter()@(.filter(|$var5| @(@|!@)$var5.$var2)@|@|.rev()@) {
        $var3($var4);
    }
}

pub fn $fn2($many1: &[$Type1]) -> ($int, usize) {
    let mut $var6 = 0;
    let mut $var7 = 0;
    $fn1($many1, |$var8| $var6 += $var8.$var1);
    $var7 += $many1.len()@(@| * $num1@);
    ($var6, $var7)
}
""",
    """
pub fn $fn1<$F>([-$var1: $int, $var2: $F-][+$var1: $int, mut $var2: $F+])
where
    $F: [-Fn-][+FnMut+]($int),
{
    let mut $var3 = $var1;
    while $var3 > @(0@|1@) {
        $var2($var3);
        $var3 /= $num1;
    }
}

pub fn $fn2($var1: $int) -> u32 {
    let mut $var4 = 0;
    $fn1($var1, |_| $var4 += 1);
    $var4
}
""",
    """
pub fn $fn2($var1: usize) -> usize {
    let mut $var2 = 0;
    #noise $var1
    $fn1($var1, |$var3, $var4| {
        if ($var3 + $var4) % $num1 == @(0@|1@) {
            $var2 += 1;
        }
    });
    $var2
}

fn $fn1($var1: usize, [-$var5: impl Fn(usize, usize)-][+mut $var5: impl FnMut(usize, usize)+]) {
    for $var6 in 0..$var1 {
        for $var7 in 0..$var6 {
            $var5($var6, $var7);
        }
    }
}
""",
    """
#[derive(Default)]
pub struct $Type1 {
    pub $var1: usize,
    pub $var2: @(usize@|u32@),
}

fn $fn1($var3: &str, [-$var4: impl Fn(char)-][+mut $var4: impl FnMut(char)+]) {
    for $var5 in $var3.chars() {
        if @($var5.is_alphabetic()@|!$var5.is_whitespace()@) {
            $var4($var5);
        }
    }
}

pub fn $fn2($var3: &str) -> $Type1 {
    let mut $var6 = $Type1::default();
    $fn1($var3, |$var7| match $var7 {
        'a' | 'e' | 'o' => $var6.$var1 += $num1,
        _ => {}
    });
    $var6.$var2 @(+=@|=@) $num2;
    $var6
}
""",
)


@pattern(FAMILY, "E0594")
def gc_fnmut_bound(g: Grammar) -> Pair:
    """A function asks for `Fn`, but its caller's closure changes what it captured: `FnMut`."""
    return _one_of(g, _FNMUT, 580)


_MUT_CLOSURE = (
    """
pub fn $fn1($many1: &[$int]) -> $int {
    let mut $var1 = $num1;
    #noise $many1[]
    let [+mut +]$var2 = |$var3: $int| $var1 += $var3@(@| * $num2@);
    for $var4 in $many1 {
        @($var2(*$var4);@|if *$var4 != $big1 {
            $var2(*$var4);
        }@)
    }
    $var1
}
""",
    """
pub fn $fn1($many1: &[&str]) -> @(Vec<String> {
    let mut $many2 = Vec::new();
    let [+mut +]$var1 = |$var2: &str| $many2.push(@($var2.to_string()@|$var2.trim().to_string()@|format!("$word1 {$var2}")@));@|String {
    let mut $many2 = String::from("$word1");
    let [+mut +]$var1 = |$var2: &str| @($many2.push_str($var2);@|{
        $many2.push_str($var2);
        $many2.push('@(,@|-@| @)');
    };@)@)
    #noise $many1[]
    for $var3 in $many1 {
        if $var3.@(len() > $num1@|starts_with('#')@|is_empty()@) {
            $var1("$text1");
        } else {
            $var1($var3);
        }
    }
    $many2
}
""",
    """
pub fn $fn1($many1: &[$int], [+mut +]$var1: impl FnMut($int)) {
    #noise $many1[]
    for $var2 in $many1 {
        $var1(*$var2);
    }
}

pub fn $fn2($many1: &[$int]) -> $int {
    let mut $var3 = 0;
    $fn1($many1, |$var4| $var3 += $var4);
    $var3
}
""",
    """
pub fn $fn1<$F: FnMut(&str) -> bool>($var1: &str, [+mut +]$var2: $F) -> usize {
    let mut $var3 = 0;
    for $var4 in $var1.@(lines()@|split_whitespace()@|split(';')@) {
        if $var2($var4@(@|.trim()@)) {
            $var3 += 1;
        }
    }
    #noise $var3
    $var3
}
""",
    """
fn $fn1($var1: $int) -> impl FnMut() -> $int {
    let mut $var2 = $var1;
    move || {
        $var2 @(+=@|*=@) $num1;
        $var2
    }
}

pub fn $fn2() -> @(Vec<$int> {
    let [+mut +]$var3 = $fn1($big1);
    @(vec![$var3(), $var3(), $var3()]@|(0..$num2).map(|_| $var3()).collect()@)@|$int {
    let [+mut +]$var3 = $fn1($big1);
    #noise
    $var3() + $var3()@(@| * $num3@)@)
}
""",
    """
use std::collections::HashMap;

pub fn $fn1($var1: &str) -> HashMap<char, u32> {
    let mut $many1 = HashMap::new();
    let [+mut +]$var2 = |$var3: char| *$many1.entry($var3).or_insert(0) += 1;
    for $var4 in $var1.chars() {
        match $var4 {
            ' ' => @($var2('_')@|println!("$text1")@|continue@),
            _ => $var2($var4.to_ascii_@(lower@|upper@)case()),
        }
    }
    $many1
}
""",
    """
pub struct $Type1 {
    pub $many1: Vec<$int>,
}

impl $Type1 {
    pub fn $fn1(&mut self, [+mut +]$var1: impl FnMut($int) -> $int) {
        for $var2 in self.$many1.iter_mut() {
            *$var2 = $var1(*$var2);
        }
    }

    pub fn $fn2(&self, $var3: $int) -> bool {
        self.$many1.iter().any(|$var4| *$var4 @(>@|<@) $var3)
    }
}
""",
    """
pub fn $fn1<$F>($var1: u32, [+mut +]$var2: $F) -> Option<u32>
where
    $F: FnMut(u32) -> bool,
{
    #noise $var1
    for $var3 in @(0@|1@)..$var1 {
        if $var2($var3) {
            return Some($var3 * $num1);
        }
    }
    None
}
""",
    """
pub fn $fn1<$T, $F: FnMut(&$T)>($many1: &[$T], $var1: usize, [+mut +]$var2: $F) {
    let mut $var3 = 0;
    while $var3 < $many1.len() {
        $var2(&$many1[$var3]);
        $var3 += $var1@(@|.max(1)@| + $num1@);
    }
    #noise $var3
}
""",
    """
pub fn $fn1($var1: &mut Vec<String>, $many1: &[u32]) -> usize {
    let [+mut +]$var2 = |$var3: &str, $var4: u32| {
        $var1.push(format!("{}@(: @| @|=@){}", $var3, $var4));
    };
    for $var5 in $many1 {
        if $var5 % $num1 == 0 {
            $var2("$word1", *$var5);
        }
    }
    $var2("$word2", $big1);
    $var1.len()
}
""",
    """
pub fn $fn1($var1: Vec<Box<dyn FnMut($int) -> $int>>, $var2: $int) -> $int {
    let mut $var3 = $var2;
    #noise $var1[] $var2
    for [+mut +]$var4 in $var1 {
        $var3 = $var4($var3);
    }
    $var3
}
""",
    """
pub struct $Type1 {
    pub $var1: $int,
    pub $many1: Vec<$int>,
}

pub fn $fn1($var2: &mut $Type1, $many2: &[$int]) -> $int {
    let [+mut +]$var3 = |$var4: $int| {
        $var2.$many1.push($var4);
        $var2.$var1 += $var4;
    };
    $many2.iter().for_each(|$var5| $var3(*$var5@(@| @(+@|*@) $num1@)));
    $var2.$var1
}
""",
    """
pub fn $fn1($var1: Option<$int>, [+mut +]$var2: impl FnMut(String)) -> bool {
    match $var1 {
        Some($var3) if $var3 > $big1 => {
            $var2(format!("$text1 {$var3}"));
            true
        }
        Some(_) => false,
        None => {
            $var2("$text2".to_string());
            false
        }
    }
}
""",
    """
pub fn $fn1($var1: usize) -> Vec<usize> {
    let mut $var2 = @(0@|1@);
    let mut $var3 = 1;
    let [+mut +]$var4 = move || {
        let $var5 = $var2;
        $var2 = $var3;
        $var3 += $var5@(@| + $num1@);
        $var5
    };
    let mut $many1 = Vec::new();
    while $many1.len() < $var1 {
        $many1.push($var4());
    }
    $many1
}
""",
)


@pattern(FAMILY, "E0596")
def gc_mut_closure(g: Grammar) -> Pair:
    """A closure that changes what it captured is called through a variable that is not `mut`."""
    return _one_of(g, _MUT_CLOSURE, 680)


_CAPTURE = (
    """
#[derive(Debug, Clone)]
pub struct $Type1 {
    pub $var1: String,
    pub $var2: $int,
}

pub fn $fn1($many1: &[$int], $var3: String) -> Vec<$Type1> {
    #noise $many1[] $var3
    $many1
        .iter()
        @(@|.filter(|$var5| **$var5 > $num1)
        @).map(|$var4| $Type1 { $var1: $var3[+.clone()+], $var2: *$var4@(@| @(+@|*@) $num2@) })
        .collect()
}
""",
    """
pub fn $fn1($var1: String) -> Box<dyn Fn() -> String> {
    #noise $var1
    Box::new(move || $var1[+.clone()+])
}

pub fn $fn2($var2: &str) -> String {
    let $var3 = $fn1(@($var2.to_string()@|format!("$word1 {$var2}")@|$var2.to_uppercase()@));
    @($var3()@|$var3() + &$var3()@|format!("{} {}", $var3(), $var3())@)
}
""",
    """
pub fn $fn1($var1: $int, $var2: String) -> impl Fn($int) -> String {
    move |$var3| {
        if $var3 @(>@|<@|==@) $var1 {
            $var2[+.clone()+]
        } else {
            @(format!("$text1 {$var3}")@|$var3.to_string()@)
        }
    }
}
@(@|
pub fn $fn2($many1: &[$int]) -> Vec<String> {
    let $var4 = $fn1($big1, String::from("$text2"));
    $many1.iter().map(|$var5| $var4(*$var5)).collect()
}
@)
""",
    """
pub fn $fn1($many1: &[&str], $var1: String) -> Vec<(String, usize)> {
    #noise $many1[] $var1
    let mut $many2: Vec<(String, usize)> = $many1
        .iter()
        .map(|$var2| ($var1[+.clone()+], $var2.len()))
        .collect();
    $many2.@(reverse()@|sort()@|truncate($big1)@|dedup()@);
    $many2
}
""",
    """
pub fn $fn1($var1: &str, $var2: String) -> Vec<String> {
    $var1
        .@(lines()@|split(',')@|split_whitespace()@)
        .map(|$var3| {
            let mut $var4 = $var2[+.clone()+];
            $var4.push_str($var3@(@|.trim()@));
            $var4
        })
        .collect()
}
""",
    """
pub fn $fn1($var1: String) -> impl Fn(&str) -> String {
    #noise $var1
    move |$var2| $var1[+.clone()+] + $var2@(@|.trim()@)
}
""",
    """
fn $fn2($var1: u32, $var2: Vec<$int>) -> String {
    format!("{}@(: @| @|/@){:?}", $var1, $var2)
}

pub fn $fn1($var3: u32, $many1: Vec<$int>) -> Vec<String> {
    #noise $var3 $many1[]
    (0..$var3)@(@|.filter(|$var5| $var5 % $num1 == 1)@).map(|$var4| $fn2($var4, $many1[+.clone()+])).collect()
}
""",
    """
pub fn $fn1($many1: &[Option<String>], $var1: String) -> Vec<String> {
    $many1
        .iter()
        .map(|$var2| match $var2 {
            Some($var3) => $var3.@(trim().to_string()@|clone()@|to_uppercase()@),
            None => $var1[+.clone()+],
        })
        .collect()
}
""",
    """
pub fn $fn1($many1: Vec<$int>, $var1: $int) -> Vec<Vec<$int>> {
    #noise $many1[] $var1
    (1..$var1)
        .map(|$var2| {
            let mut $var3 = $many1[+.clone()+];
            $var3.@(push($var2)@|insert(0, $var2)@|retain(|$var4| $var4 % $var2 == 0)@);
            $var3
        })
        .collect()
}
""",
    """
use std::collections::HashMap;

pub struct $Type1 {
    pub $var1: String,
    pub $many1: Vec<String>,
}

pub fn $fn1($var2: $Type1) -> HashMap<String, String> {
    let $var3 = $var2.$var1;
    $var2.$many1.into_iter().map(|$var4| ($var4@(@|.to_lowercase()@), $var3[+.clone()+])).collect()
}
""",
    """
pub struct $Type1 {
    pub $var1: String,
    pub $many1: Vec<$int>,
}

impl $Type1 {
    pub fn $fn1(&self) -> Vec<(String, $int)> {
        #noise self.$many1[]
        self.$many1.iter().map(|$var2| (self.$var1[+.clone()+], *$var2@(@| @(+@|*@) $num1@))).collect()
    }
}
""",
    """
pub fn $fn1($many1: &mut Vec<String>, $var1: String, $var2: usize) {
    #noise $var1 $var2
    (0..$var2).for_each(|$var3| {
        if $var3 % $num1 == 0 {
            $many1.push($var1[+.clone()+]);
        }
    });
}
""",
    """
#[derive(Debug, Clone, PartialEq)]
pub enum $Type1 {
    $Type2,
    $Type3(String),
}

pub fn $fn1($many1: &[$int], $var1: $Type1) -> Vec<$Type1> {
    #noise $many1[]
    $many1
        .iter()
        .map(|$var3| if *$var3 > $big1 { $var1[+.clone()+] } else { $Type1::$Type2 })
        .collect()
}
""",
    """
fn $fn1<$T>($var1: u32, $var2: impl Fn(u32) -> $T) -> Vec<$T> {
    (0..$var1).map($var2).collect()
}

pub fn $fn2($var3: u32, $var4: String) -> Vec<String> {
    #noise $var3
    $fn1($var3, |$var5| {
        if $var5 @(>@|==@) $num1 {
            $var4[+.clone()+]
        } else {
            String::from("$text1")
        }
    })
}
""",
)


@pattern(FAMILY, "E0507")
def gc_capture_moved_out(g: Grammar) -> Pair:
    """A closure that is called many times gives its captured value away: it has to give a clone."""
    return _one_of(g, _CAPTURE, 580)


_GENERIC_ARGS = (
    """
pub struct $Type1<$T> {
    $many1: Vec<$T>,
}

impl<$T> $Type1[+<$T>+] {
    pub fn $fn1(&mut self, $var1: $T) {
        self.$many1.push($var1);
    }

    pub fn $fn2(&self) -> Option<&$T> {
        self.$many1.@(last@|first@)()
    }
}
""",
    """
pub struct $Type1<$T> {
    pub $var1: $T,
    pub $var2: @(u32@|String@|bool@),
}

pub fn $fn1($var3: &$Type1[+<$int>+]) -> $int {
    #noise
    let $var4: $int = $var3.$var1;
    $var4 @(+@|*@) $num1
}
""",
    """
pub struct $Type1<$T1, $T2> {
    pub $var1: $T1,
    pub $var2: $T2,
}

pub fn $fn1($var3: &str, $var4: $int) -> $Type1[+<String, $int>+] {
    #noise $var3 $var4
    $Type1 { $var1: $var3.to_string(), $var2: $var4@(@| @(+@|*@) $num1@) }
}
""",
    """
use std::collections::$Map;

#[derive(Default)]
pub struct $Type1 {
    pub $many1: $Map<String[+, $int+]>,
}

impl $Type1 {
    pub fn $fn1(&mut self, $var1: &str, $var2: $int) {
        self.$many1.insert($var1.to_string(), $var2);
    }

    pub fn $fn2(&self, $var3: &str) -> Option<$int> {
        self.$many1.get($var3).copied()
    }
}
""",
    """
pub fn $fn1($var1: &str) -> Result<$int[+, String+]> {
    #noise $var1
    let $var2 = $var1.trim();
    if $var2.is_empty() {
        return Err("$text1".to_string());
    }
    $var2.parse::<$int>().map_err(|_| format!("$text2 {$var2}"))
}
""",
    """
pub fn $fn1($many1: &[$int], $var1: usize) -> Result<$int[+, String+]> {
    match $many1.get($var1@(@| + $num1@)) {
        Some($var2) if *$var2 > $big1 => Ok($var2 @(+@|*@) $num2),
        Some(_) => Err(String::from("$text1")),
        None => Err(format!("$text2 {$var1}")),
    }
}
""",
    """
pub struct $Type1<$T> {
    pub $var1: $T,
    pub $var2: Option<Box<$Type1[+<$T>+]>>,
}

impl<$T> $Type1<$T> {
    pub fn $fn1(&self) -> usize {
        match &self.$var2 {
            Some($var3) => @(1@|$num1@) + $var3.$fn1(),
            None => @(0@|1@),
        }
    }
}
""",
    """
use std::fmt::Display;

pub trait $Type1 {
    fn $fn1(&self) -> String;
}

pub struct $Type2<$T>(pub $T);

impl<$T: Display> $Type1 for $Type2[+<$T>+] {
    fn $fn1(&self) -> String {
        format!("$text1@( @|: @|=@){}", self.0)
    }
}
""",
    """
pub enum $Type1<$T> {
    $Type2,
    $Type3($T, Box<$Type1<$T>>),
}

pub fn $fn1($var1: &$Type1[+<$int>+]) -> $int {
    match $var1 {
        $Type1::$Type2 => $num1,
        $Type1::$Type3($var2, $var3) => $var2 @(+@|*@) $fn1($var3),
    }
}
""",
    """
pub struct $Type1 {
    pub $var1: String,
    pub $many1: Vec[+<$int>+],
}

impl $Type1 {
    pub fn $fn1(&self, $var2: $int) -> Vec<$int> {
        #noise $var2
        self.$many1.iter().map(|$var3| $var3 @(+@|*@) $var2).collect()
    }
}
""",
    """
pub struct $Type1 {
    pub $var1: u32,
    pub $var2: String,
}

pub fn $fn1($many1: &[$Type1], $var3: u32) -> Option[+<&$Type1>+] {
    #noise $many1[] $var3
    let $many2 = $many1
        .iter()
        .filter(|$var4| $var4.$var1 != $var3 && !$var4.$var2.is_empty());
    $many2.@(max@|min@)_by_key(|$var5| $var5.$var1)
}
""",
    """
pub trait $Type1<$T> {
    fn $fn1(&self) -> $T;
}

pub struct $Type2 {
    pub $var1: $int,
}

impl $Type1[+<$int>+] for $Type2 {
    fn $fn1(&self) -> $int {
        self.$var1 @(+@|*@) $num1
    }
}
@(@|
impl $Type1<String> for $Type2 {
    fn $fn1(&self) -> String {
        format!("$word1 {}", self.$var1)
    }
}
@)
""",
    """
pub struct $Type1<$T> {
    pub $var1: $T,
    pub $var2: $T,
}

pub struct $Type2 {
    pub $var3: $Type1[+<$int>+],
    pub $var4: @(String@|bool@|Option<String>@),
}

impl $Type2 {
    pub fn $fn1(&self) -> $int {
        #noise
        let $var5: $int = self.$var3.$var1;
        $var5 @(+@|*@) self.$var3.$var2
    }
}
""",
    """
use std::collections::HashMap;

pub fn $fn1($many1: &[(String, $int)]) -> HashMap<String[+, Vec<$int>+]> {
    let mut $many2 = HashMap::new();
    for ($var1, $var2) in $many1 {
        $many2.entry($var1.clone()).or_insert_with(|| vec![$num1]).push(*$var2);
    }
    #noise $many2[]
    $many2
}
""",
    """
pub struct $Type1<$T> {
    $many1: Vec<$T>,
}

pub struct $Type2<'a, $T> {
    $var1: &'a $Type1<$T>,
    $var2: usize,
}

impl<$T: Clone> $Type1<$T> {
    pub fn $fn1(&self) -> $Type2<'_[+, $T+]> {
        $Type2 { $var1: self, $var2: 0 }
    }
}

impl<$T: Clone> $Type2<'_, $T> {
    pub fn $fn2(&mut self) -> Option<$T> {
        self.$var2 += 1;
        self.$var1.$many1.get(self.$var2 - 1).cloned()
    }
}
""",
)


@pattern(FAMILY, "E0107")
def gc_missing_generic_args(g: Grammar) -> Pair:
    """A generic type or trait is named without its arguments, or with too few of them."""
    return _one_of(g, _GENERIC_ARGS, 780)


_TRAIT_BOUND = (
    """
pub trait $Type1 {
    fn $fn1(&self) -> $real;
}

pub fn $fn2<$T[+: $Type1+]>($many1: &[$T]) -> $real {
    #noise $many1[]
    $many1.iter().map(|$var1| $var1.$fn1()).sum()
}
""",
    """
pub trait $Type1 {
    fn $fn1(&self) -> String;
}

pub struct $Type2 {
    pub $var1: String,
}

impl $Type1 for $Type2 {
    fn $fn1(&self) -> String {
        format!("$text1 {}", self.$var1)
    }
}

pub fn $fn2<$T[+: $Type1+]>($var2: &$T) -> String {
    let $var3 = $var2.$fn1();
    @(format!("{$var3} $text2")@|$var3.to_uppercase()@|$var3 + "$word1"@)
}
""",
    """
pub trait $Type1 {
    fn $fn1(&self) -> $int;
}

pub struct $Type2<$T> {
    pub $many1: Vec<$T>,
}

impl<$T[+: $Type1+]> $Type2<$T> {
    pub fn $fn2(&self) -> $int {
        let mut $var1 = $num1;
        for $var2 in &self.$many1 {
            $var1 += $var2.$fn1();
        }
        $var1
    }
}
""",
    """
pub trait $Type1 {
    fn $fn1(&self, $var3: $int) -> bool;
}

pub fn $fn2<$T: Clone[+ + $Type1+]>($many1: &[$T], $var1: $int) -> Vec<$T> {
    #noise $many1[] $var1
    let mut $many2 = Vec::new();
    for $var2 in $many1 {
        if @(@|!@)$var2.$fn1($var1) {
            $many2.push($var2.clone());
        }
    }
    $many2
}
""",
    """
pub trait $Type1 {
    fn $fn1(&self) -> &str;
}

pub trait $Type2 {
    fn $fn2(&self) -> u32;
}

pub fn $fn3<$T1: $Type1, $T2[+: $Type2+]>($var1: &$T1, $var2: &$T2) -> String {
    #noise
    format!("{}@( @|: @|/@){}", $var1.$fn1(), $var2.$fn2())
}
""",
    """
pub trait $Type1 {
    fn $fn1(&mut self, $var1: $int);
    fn $fn2(&self) -> bool;
}

pub fn $fn3<$T[+: $Type1+]>($many1: &mut [$T], $var2: $int) {
    #noise $many1[] $var2
    for $var3 in $many1.iter_mut() {
        $var3.$fn1($var2);
    }
}

pub fn $fn4<$T: $Type1>($many1: &[$T]) -> @(bool {
    $many1.iter().@(all@|any@)(|$var4| $var4.$fn2())@|usize {
    $many1.iter().filter(|$var4| $var4.$fn2()).count()@)
}
""",
    """
pub trait $Type1 {
    fn $fn1() -> $int;
}

pub struct $Type2;

impl $Type1 for $Type2 {
    fn $fn1() -> $int {
        $big1
    }
}

pub fn $fn2<$T[+: $Type1+]>($var1: $int) -> $int {
    #noise $var1
    $var1 @(*@|+@) $T::$fn1()
}

pub fn $fn3() -> $int {
    $fn2::<$Type2>($num1)
}
""",
    """
pub fn $fn1<$T[+: Default+]>($var1: Option<$T>, $var2: bool) -> $T {
    match $var1 {
        Some($var3) if $var2 => $var3,
        _ => $T::default(),
    }
}
@(@|
pub fn $fn2($var4: Option<$own>) -> $own {
    $fn1($var4, true)
}
@)
""",
    """
#[derive(Debug)]
pub struct $Type1<$T> {
    pub $many1: Vec<$T>,
    pub $var1: usize,
}

impl<$T[+: Default+]> $Type1<$T> {
    pub fn $fn1(&mut self) -> &mut $T {
        #noise self.$many1[]
        self.$many1.push($T::default());
        self.$var1 += 1;
        self.$many1.last_mut().expect("$text1")
    }
}
""",
    """
pub trait $Type1 {
    fn $fn1(&self) -> u32;

    fn $fn2(&self) -> bool {
        self.$fn1() > $big1
    }
}

pub fn $fn3<'a, $T[+: $Type1+]>($var1: &'a $T, $var2: &'a $T) -> &'a $T {
    let $var3 = $var1.$fn1();
    if $var3 @(>@|<@|>=@) $big2 && $var3 != $num1 {
        $var1
    } else {
        $var2
    }
}
""",
    """
pub trait $Type1 {
    fn $fn1(&self) -> String;
}

pub fn $fn2<$T, $F>($many1: &[$T], $var1: $F) -> Vec<String>
where
    $F: Fn(&str) -> bool,
[+    $T: $Type1,+]
{
    let mut $many2 = Vec::new();
    for $var2 in $many1 {
        let $var3 = $var2.$fn1();
        if $var1(&$var3) {
            $many2.push($var3);
        }
    }
    $many2
}
""",
    """
pub trait $Type1 {
    fn $fn1(&self) -> Option<$int>;
}

#[derive(Clone, Debug)]
pub struct $Type2<$T> {
    $var1: $T,
    $var2: $int,
}

impl<$T> $Type2<$T> {
    pub fn $fn2($var1: $T, $var2: $int) -> Self {
        $Type2 { $var1, $var2 }
    }
}

impl<$T[+: $Type1+]> $Type2<$T> {
    pub fn $fn3(&self) -> $int {
        match self.$var1.$fn1() {
            Some($var3) => $var3 @(+@|*@) self.$var2,
            None => self.$var2,
        }
    }
}
""",
    """
use std::fmt::Debug;

pub trait $Type1 {
    fn $fn1(&self) -> usize;
}

pub fn $fn2<$T: Debug[+ + $Type1+]>($many1: Vec<$T>) -> usize {
    let mut $var1 = 0;
    for $var2 in &$many1 {
        println!("{:?}", $var2);
        $var1 = $var1.@(max@|min@)($var2.$fn1());
    }
    $var1
}
""",
    """
pub trait $Type1 {
    fn $fn1(self) -> $int;
}

pub fn $fn2<$T[+: $Type1+]>($many1: Vec<$T>) -> Vec<$int> {
    #noise $many1[]
    let mut $many2: Vec<$int> = $many1
        .into_iter()
        .map(|$var1| $var1.$fn1())
        .collect();
    $many2.@(sort()@|reverse()@|push($big1)@);
    $many2
}
""",
)


@pattern(FAMILY, "E0599")
def gc_missing_trait_bound(g: Grammar) -> Pair:
    """A method of one's own trait (or `default`) is called on a type parameter that has no such bound."""
    return _one_of(g, _TRAIT_BOUND, 680)


_TUPLE = (
    """
pub fn $fn1($many1: &[u8]) -> Vec<usize> {
    #noise $many1[]
    $many1.iter().enumerate().map(|[-$var1, $var2-][+($var1, $var2)+]| $var1 @(+@|*@) *$var2 as usize).collect()
}
""",
    """
pub fn $fn1($many1: &[$int], $many2: &[$int]) -> $int {
    #noise $many1[] $many2[]
    $many1
        .iter()
        .zip($many2)
        .map(|[-$var1, $var2-][+($var1, $var2)+]| $var1 @(*@|+@) $var2)
        .sum()
}
""",
    """
use std::collections::$Map;

pub fn $fn1($many1: &$Map<String, $int>) -> Vec<String> {
    let mut $many2: Vec<String> = $many1
        .iter()
        .filter(|[-$var1, $var2-][+($var1, $var2)+]| **$var2 @(>@|<@) $big1 && $var1.len() > $num1)
        .map(|($var3, _)| $var3.clone())
        .collect();
    $many2.sort();
    $many2
}
""",
    """
use std::collections::$Map;

pub fn $fn1($many1: &$Map<String, $int>) -> Vec<String> {
    #noise $many1[]
    $many1.iter().map(|[-$var1, $var2-][+($var1, $var2)+]| format!("{$var1}@(: @|=@| @){$var2}")).collect()
}
""",
    r"""
pub fn $fn1($var1: &str) -> String {
    let $many1: Vec<String> = $var1
        .lines()
        .enumerate()
        .map(|[-$var2, $var3-][+($var2, $var3)+]| format!("{}@(: @|. @|) @){}", $var2@(@| + 1@), $var3@(@|.trim()@)))
        .collect();
    $many1.join("\n")
}
""",
    """
pub fn $fn1($many1: &mut [$int], $var1: $int) {
    #noise $var1
    $many1.iter_mut().enumerate().for_each(|[-$var2, $var3-][+($var2, $var3)+]| {
        if $var2 % $num1 == @(0@|1@) {
            *$var3 @(+=@|*=@) $var1;
        }
    });
}
""",
    """
pub struct $Type1 {
    pub $many1: Vec<(String, $int)>,
}

impl $Type1 {
    pub fn $fn1(&self, $var1: &str) -> @(bool {
        #noise self.$many1[]
        self.$many1.iter().@(any@|all@)(|[-$var2, $var3-][+($var2, $var3)+]| $var2 == $var1 && *$var3 > $big1)@|Option<usize> {
        #noise self.$many1[] $var1
        self.$many1.iter().position(|[-$var2, $var3-][+($var2, $var3)+]| $var2 == $var1 || *$var3 > $big1)@)
    }
}
""",
    """
pub fn $fn1($many1: &[$int]) -> $int {
    #noise $many1[]
    $many1.iter().enumerate().fold($num1, |$var1, [-$var2, $var3-][+($var2, $var3)+]| {
        if $var2 % $num2 == 0 { $var1 + $var3 } else { $var1 }
    })
}
""",
    """
pub fn $fn1($var1: &str) -> Vec<usize> {
    let $many1 = $var1
        .char_indices()
        .map(|[-$var2, $var3-][+($var2, $var3)+]| if $var3 == '@(a@|,@|-@|x@)' { $var2 } else { $num1 })
        .collect::<Vec<usize>>();
    #noise $many1[]
    $many1
}
""",
    """
#[derive(Debug, Clone, PartialEq)]
pub struct $Type1 {
    pub $var1: String,
    pub $var2: $int,
}

pub fn $fn1($many1: &[&str], $many2: &[$int]) -> Vec<$Type1> {
    $many1
        .iter()
        .zip($many2.iter())
        .map(|[-$var3, $var4-][+($var3, $var4)+]| $Type1 { $var1: $var3.to_string(), $var2: *$var4 })
        .collect()
}
""",
    """
pub fn $fn1($many1: Vec<(u32, u32)>) -> u32 {
    #noise $many1[]
    let $var1 = $many1.iter().map(|[-$var2, $var3-][+($var2, $var3)+]| $var2 * $var3).max();
    match $var1 {
        Some($var4) => $var4 @(+@|*@) $num1,
        None => $big1,
    }
}
""",
    """
pub struct $Type1 {
    pub $many1: Vec<$int>,
}

impl $Type1 {
    pub fn $fn1(&self) -> Vec<$int> {
        let mut $many2 = Vec::new();
        #noise self.$many1[]
        let $many3 = self.$many1.iter().zip(&self.$many1[1..]);
        for $var1 in $many3.map(|[-$var2, $var3-][+($var2, $var3)+]| $var2 @(+@|*@) $var3) {
            $many2.push($var1);
        }
        $many2
    }
}
""",
    """
fn $fn1($many1: &[($int, $int)], $var1: impl Fn(($int, $int)) -> $int) -> Vec<$int> {
    $many1.iter().map(|$var2| $var1(*$var2)).collect()
}

pub fn $fn2($many1: &[($int, $int)]) -> $int {
    #noise $many1[]
    let $many2 = $fn1($many1, |[-$var3, $var4-][+($var3, $var4)+]| $var3 @(*@|+@) $var4 + $num1);
    $many2.iter().sum()
}
""",
    """
pub fn $fn1($many1: &[String]) -> Option<String> {
    $many1
        .iter()
        .enumerate()
        .skip_while(|[-$var1, $var2-][+($var1, $var2)+]| *$var1 < $num1 || $var2.is_empty())
        .map(|($var3, $var4)| format!("{$var3} {$var4}"))
        .@(last()@|max()@|min()@)
}
""",
    """
pub fn $fn1($many1: &[$int]) -> (Vec<$int>, usize) {
    let mut $many2 = Vec::new();
    let $var1 = $many1
        .iter()
        .enumerate()
        .filter(|[-$var2, _-][+($var2, _)+]| $var2 % $num1 == 0)
        .map(|($var3, $var4)| {
            $many2.push(*$var4);
            $var3
        })
        .sum();
    ($many2, $var1)
}
""",
)


@pattern(FAMILY, "E0593")
def gc_closure_tuple(g: Grammar) -> Pair:
    """A closure takes two arguments where it is given one pair: the arguments want parentheses."""
    return _one_of(g, _TUPLE, 700)


_DYN = (
    """
pub struct $Type1 {
    pub $var1: Box<[+dyn +]Fn($int) -> $int>,
    pub $var2: $int,
}

impl $Type1 {
    pub fn $fn1(&self, $var3: $int) -> $int {
        #noise $var3
        let $var4 = (self.$var1)($var3);
        $var4 @(+@|*@) self.$var2
    }
}
""",
    """
pub trait $Type1 {
    fn $fn1(&self) -> $int;
}

pub struct $Type2 {
    pub $many1: Vec<Box<[+dyn +]$Type1>>,
}

impl $Type2 {
    pub fn $fn2(&self) -> $int {
        @(#noise self.$many1[]
        self.$many1.iter().map(|$var1| $var1.$fn1()).sum()@|let mut $var2 = $num1;
        for $var1 in &self.$many1 {
            $var2 += $var1.$fn1();
        }
        $var2@)
    }
}
""",
    """
pub trait $Type1 {
    fn $fn1(&self) -> $int;
}

pub fn $fn2($many1: &[Box<[+dyn +]$Type1>], $var1: $int) -> @(usize {
    #noise $many1[] $var1
    $many1.iter().filter(|$var2| $var2.$fn1() > $var1).count()@|bool {
    #noise $many1[] $var1
    $many1.iter().any(|$var2| $var2.$fn1() @(==@|>@|<@) $var1)@)
}
""",
    """
pub trait $Type1 {
    fn $fn1(&self) -> $int;
}

pub struct $Type2(pub $int);

impl $Type1 for $Type2 {
    fn $fn1(&self) -> $int {
        self.0 @(+@|*@) $num1
    }
}

pub fn $fn2($var1: $int) -> Box<[+dyn +]$Type1> {
    #noise $var1
    Box::new($Type2($var1))
}
""",
    """
pub type $Type1 = Box<[+dyn +]Fn(&str) -> bool>;

pub fn $fn1($many1: &[$Type1], $var1: &str) -> bool {
    #noise $many1[] $var1
    $many1.iter().@(all@|any@)(|$var2| $var2($var1))
}
""",
    """
pub trait $Type1 {
    fn $fn1(&self) -> String;
}

pub struct $Type2;

impl $Type1 for $Type2 {
    fn $fn1(&self) -> String {
        "$text1".to_string()
    }
}

pub fn $fn2() -> Vec<String> {
    let $many1: Vec<Box<[+dyn +]$Type1>> = vec![@(@|Box::new($Type2), @)Box::new($Type2)];
    #noise $many1[]
    $many1.iter().map(|$var1| $var1.$fn1()).collect()
}
""",
    """
use std::collections::HashMap;

pub struct $Type1 {
    $many1: HashMap<String, Box<[+dyn +]Fn($int) -> $int>>,
}

impl $Type1 {
    pub fn $fn1(&self, $var1: &str, $var2: $int) -> Option<$int> {
        let $var3 = self.$many1.get($var1)?;
        #noise $var1 $var2
        Some($var3($var2)@(@| @(+@|*@) $num1@))
    }
}
""",
    """
use std::error::Error;

pub fn $fn1($var1: &str) -> Result<$int, Box<[+dyn +]Error>> {
    #noise $var1
    let $var2: $int = $var1.trim().parse()?;
    if $var2 @(>@|==@) $big1 {
        return Err("$text1".into());
    }
    Ok($var2 @(+@|*@) $num1)
}
""",
    """
pub fn $fn1($var1: $int) -> Box<[+dyn +]Fn($int) -> $int> {
    #noise $var1
    if $var1 > $big1 {
        Box::new(move |$var2| $var2 * $var1)
    } else {
        Box::new(move |$var2| $var2 + $var1@(@| + $num1@))
    }
}
""",
    """
use std::rc::Rc;

pub trait $Type1 {
    fn $fn1(&self, $var1: &str);
}

pub struct $Type2 {
    pub $var2: Rc<[+dyn +]$Type1>,
    pub $var3: $int,
}

impl $Type2 {
    pub fn $fn2(&mut self, $many1: &[String]) {
        for $var4 in $many1 {
            self.$var2.$fn1($var4);
            self.$var3 += 1;
        }
    }
}
""",
    """
pub struct $Type1 {
    pub $var1: String,
    pub $var2: Option<Box<[+dyn +]Fn(usize) -> String>>,
}

impl $Type1 {
    pub fn $fn1(&self) -> String {
        match &self.$var2 {
            Some($var3) => $var3(self.$var1.len()),
            None => self.$var1.@(clone()@|to_uppercase()@|trim().to_string()@),
        }
    }
}
""",
    """
pub fn $fn1($many1: &[$int], $var1: &[+dyn +]Fn($int) -> $int) -> Vec<$int> {
    #noise $many1[]
    let mut $many2 = Vec::new();
    for $var2 in $many1 {
        $many2.push($var1(*$var2)@(@| @(+@|*@) $num1@));
    }
    $many2
}
""",
    """
#[derive(Default)]
pub struct $Type1 {
    $many1: Vec<Box<[+dyn +]Fn($int) -> bool>>,
}

impl $Type1 {
    pub fn $fn1(&mut self, $var1: impl Fn($int) -> bool + 'static) {
        self.$many1.push(Box::new($var1));
    }

    pub fn $fn2(&self, $var2: $int) -> usize {
        #noise $var2
        self.$many1.iter().filter(|$var3| $var3($var2)).count()
    }
}
""",
    """
use std::fmt::Display;

pub fn $fn1($var1: bool, $var2: $int) -> Box<[+dyn +]Display> {
    #noise $var2
    match $var1 {
        true => Box::new($var2 @(+@|*@) $num1),
        false => Box::new("$text1"),
    }
}
""",
    """
pub fn $fn1($many1: &[$int], $var1: bool) -> Vec<$int> {
    let $var2: Box<[+dyn +]Iterator<Item = &$int>> = if $var1 {
        Box::new($many1.iter()@(@|.skip($num1)@))
    } else {
        Box::new($many1.iter().rev())
    };
    #noise $many1[]
    $var2.map(|$var3| $var3 @(+@|*@) $num2).collect()
}
""",
)


@pattern(FAMILY, "E0782")
def gc_missing_dyn(g: Grammar) -> Pair:
    """A trait stands where a type is wanted: `dyn` makes the trait object."""
    return _one_of(g, _DYN, 760)
