"""A small valid text in each language that is parsed, with the definitions that are in it."""

from __future__ import annotations

SAMPLES: dict[str, str] = {
    "python": '''import os
from a import b as c


class Shape:
    """A shape."""

    def area(self, w: int, *rest: int, k=1, **kw) -> int:  # fast
        total = w * k
        for r in rest:
            total += r
        return total


async def load(path):
    with open(path) as handle:
        return [line for line in handle if (n := len(line)) and f"{n}"]
''',
    "javascript": """import x from "y";
const { readFile } = require("fs");

/** Adds.
 * @param {number} a one */
export const add = async ({ a, b: c }, [d] = [], ...rest) => {
  let total = a + c; // sum
  for (const r of rest) { total += r; }
  return `${total} ${d}`;
};
class Shape extends Base {
  #side = 1;
  area(k = 1) { try { return this.#side * k; } catch (err) { return /x+/.test(err); } }
  handle = (e) => { this.last = e; };
}
""",
    "javascriptreact": """import React from "react";

export function Greeting({ name, children }) {
  const label = name ?? "you";
  return <p className="hi" onClick={() => alert(label)}>Hello <b>{label}</b>{children}<Foo.Bar {...name} /></p>;
}
""",
    "typescript": """import type { X } from "./x";

export interface Shape { readonly side: number; area(k?: number): number }
export type Pair<T> = [T, T];
enum Color { Red, Green = 2 }
export abstract class Square<T extends X> implements Shape {
  constructor(public side: number, private tag?: T) {}

  @log()
  area(this: Square<T>, k: number = 1): number { return this.side ** 2 * k; }
}
function isX(value: unknown): value is X { const v = value as X; return !!v; }
namespace Deep { export const f = <U,>(u: U): U => u; }
""",
    "typescriptreact": """import { useState } from "react";

export const Counter = ({ start }: { start: number }): JSX.Element => {
  const [count, setCount] = useState<number>(start);
  return <button onClick={() => setCount(count + 1)}>{count}</button>;
};
""",
    "go": """package shapes

import (
	"fmt"
	str "strings"
)

// Square has sides.
type Square struct{ Side int }

// Area says how large it is.
func (s *Square) Area(k int, rest ...int) (total int, err error) {
	for i, r := range rest {
		total += i * r // sum
	}
	if v, ok := table[k]; ok {
		return v, fmt.Errorf("no %s", str.ToUpper("x"))
	}
	return s.Side * k, nil
}

func main() { f := func(n int) int { return n }; _ = f(1) }
""",
    "rust": """use std::collections::HashMap;

/// A square.
#[derive(Debug, Clone)]
pub struct Square<T> { side: T }

impl<T: Copy> Shape for Square<T> {
    /// Its area.
    fn area(&self, mut k: i32, (a, b): (i32, i32)) -> Option<i32> {
        let total = a + b; // sum
        if let Some(v) = TABLE.get(&k) { return Some(*v); }
        for i in 0..10 { k += i; }
        match total { 0 => None, n if n > 1 => Some(n), _ => Some(k) }
    }
}

mod deep { pub fn f<'a>(x: &'a str) -> String { let g = |y: i32| y + 1; format!("{x} {}", g(1)) } }
""",
    "java": """package a.b;

import java.util.List;

/** A square. */
@Entity(name = "square")
public class Square<T> extends Base implements Shape {
    private int side = 1;

    Square(int side) { this.side = side; }

    /** Its area. */
    @Override
    public <U> int area(final int k, String... rest) throws IOException {
        int total = 0; // sum
        for (String r : rest) { total += r.length(); }
        for (int i = 0; i < k; i++) { total += i; }
        try (var in = open()) { return run(x -> x + 1); } catch (RuntimeException e) { throw e; }
    }

    enum Color { RED, GREEN }
    record Pair(int left, int right) {}
}
""",
    "c": """#include <stdio.h>
#include "a.h"
#define TWICE(x) ((x) * 2)

struct square { int side; };

/* Its area. */
static int area(const struct square *s, int k, char *names[]) {
    int total = 0, i; // sum
    for (i = 0; i < k; i++) { total += TWICE(s->side); }
    return total;
}

char *copy(char *from) { return from; }
""",
    "cpp": """#include <vector>

namespace shapes {
/// A square.
template <typename T>
class Square : public Shape {
 public:
  explicit Square(int side) : side_(side) {}
  int area(const T& k, int n = 1) const {
    auto total = 0; // sum
    for (const auto& v : values_) { total += v; }
    auto f = [&](int x) { return x + total; };
    return f(n);
  }
  ~Square() {}
 private:
  int side_;
  std::vector<int> values_;
};

int Square<int>::perimeter(int k) { return 4 * k; }
}  // namespace shapes
""",
    "ruby": """require "set"

# A shape.
module Shapes
  class Square < Base
    attr_reader :side

    # Its area.
    def area(k, b = 1, *rest, deep: nil, **options, &block)
      total = k * b # sum
      rest.each { |r| total += r }
      "#{total} #{@side}"
    rescue ArgumentError => e
      raise e
    end

    def self.unit
      new(1)
    end
  end
end
""",
    "csharp": """using System;
using System.Collections.Generic;

namespace Shapes
{
    /// <summary>A square.</summary>
    [Serializable]
    public class Square<T> : Shape
    {
        private int side = 1;

        public int Side { get; set; }

        public Square(int side) { this.side = side; }

        /// <summary>Its area.</summary>
        public async Task<int> Area(int k, params int[] rest)
        {
            var total = 0; // sum
            foreach (var r in rest) { total += r; }
            Func<int, int> f = x => x + 1;
            return f(total) * k;
        }
    }

    enum Color { Red, Green }
}
""",
    "php": """<?php

namespace Shapes;

use A\\B as C;

/** A square. */
final class Square extends Base implements Shape
{
    public function __construct(private int $side) {}

    /** Its area. */
    public function area(int $k, string ...$rest): int
    {
        $total = 0; // sum
        foreach ($rest as $i => $r) { $total += strlen($r) + $i; }
        $f = fn($x) => $x + $total;
        return $f($k) * $this->side;
    }
}

function twice($n) { return "{$n} times"; }
""",
    "shellscript": """#!/bin/bash
source ./a.sh

# Says hi.
greet() {
  local name="$1" # who
  for i in 1 2; do echo "$i ${name}"; done
}

function main { greet "$@"; }
main
""",
    "lua": """local json = require("json")
local M = {}

--- Its area.
-- @param k factor
local function area(k, ...)
  local total, n = 0, 1 -- sum
  for i, v in ipairs({ ... }) do total = total + v * i end
  return total * k
end

function M.run(x) return area(x) end
M.walk = function(y) return y end

return M
""",
}

DEFINED: dict[str, tuple[str, ...]] = {
    "python": ("class Shape()", "method Shape.area(self, w, rest, k, kw)", "function load(path)"),
    "javascript": (
        "function add(a, c, rest)",
        "class Shape()",
        "method Shape.area(k)",
        "method Shape.handle(e)",
    ),
    "javascriptreact": ("function Greeting(name, children)",),
    "typescript": (
        "class Shape()",
        "class Color()",
        "class Square()",
        "method Square.constructor(side, tag)",
        "method Square.area(k)",
        "function isX(value)",
        "function Deep.f(u)",
    ),
    "typescriptreact": ("function Counter(start)",),
    "go": ("class Square()", "method Square.Area(k, rest)", "function main()"),
    "rust": (
        "class Square()",
        "class Square()",
        "method Square::area(self, k, a, b)",
        "function deep::f(x)",
    ),
    "java": (
        "class Square()",
        "method Square.Square(side)",
        "method Square.area(k, rest)",
        "class Square.Color()",
        "class Square.Pair(left, right)",
    ),
    "c": ("class square()", "function area(s, k, names)", "function copy(from)"),
    "cpp": (
        "class shapes::Square()",
        "method shapes::Square::Square(side)",
        "method shapes::Square::area(k, n)",
        "method shapes::Square::~Square()",
        "function shapes::Square<int>::perimeter(k)",
    ),
    "ruby": (
        "class Shapes()",
        "class Shapes.Square()",
        "method Shapes.Square.area(k, b, rest, deep, options, block)",
        "method Shapes.Square.unit()",
    ),
    "csharp": (
        "class Shapes.Square()",
        "method Shapes.Square.Side()",
        "method Shapes.Square.Square(side)",
        "method Shapes.Square.Area(k, rest)",
        "class Shapes.Color()",
    ),
    "php": (
        "class Square()",
        "method Square.__construct($side)",
        "method Square.area($k, $rest)",
        "function twice($n)",
    ),
    "shellscript": ("function greet()", "function main()"),
    "lua": ("function area(k)", "function M.run(x)", "function M.walk(y)"),
}
