"""A small file in each language, for the cutter to cut."""

SNIPPETS = {
    "python": '''"""Shapes."""

import math


class Circle:
    @property
    def area(self) -> float:
        """The area."""
        square = self.radius**2
        return math.pi * square


def largest(circles, least=0):
    # nothing to compare
    if not circles:
        return least
    return max(circles, key=lambda circle: circle.area)
''',
    "javascript": """import { sum } from "./sum.js";

export const mean = (values) => {
  const total = sum(values, 0);
  return total / values.length;
};

class Log {
  write(line) {
    console.log(`> ${line}`);
  }
}
""",
    "typescript": """import { Item } from "./item";

interface Basket {
  items: Item[];
}

export function total(basket: Basket, tax = 0.2): number {
  const net = basket.items.reduce((sum, item) => sum + item.price, 0);
  return net * (1 + tax);
}
""",
    "tsx": """import { useState } from "react";

export const Counter = ({ step }: { step: number }) => {
  const [count, setCount] = useState(0);
  return (
    <button onClick={() => setCount(count + step)}>{count}</button>
  );
};
""",
    "java": """package shop;

class Basket {
    private final List<Item> items = new ArrayList<>();

    @Override
    public int total(int tax) {
        int sum = 0;
        for (Item item : items) {
            sum += item.price();
        }
        return sum + tax;
    }
}
""",
    "go": """package shop

import "fmt"

// Total adds the prices.
func Total(items []Item) (int, error) {
	sum := 0
	for _, item := range items {
		sum += item.Price
	}
	if sum < 0 {
		return 0, fmt.Errorf("negative: %d", sum)
	}
	return sum, nil
}
""",
    "rust": """use std::fs;

/// Counts the lines.
pub fn count<'a>(path: &'a str) -> Result<usize, Error> {
    let text = fs::read_to_string(path)?;
    println!("{} bytes", text.len());
    match text.len() {
        0 => Ok(0),
        _ => Ok(text.lines().count()),
    }
}
""",
    "c": """#include <stdio.h>

struct point {
    int x, y;
};

/* Adds up. */
static int sum(const int *values, int count)
{
    int total = 0;
    for (int i = 0; i < count; i++)
        total += values[i];
    printf("%d\\n", total);
    return total;
}
""",
    "cpp": """#include <vector>

namespace shop {

template <typename T>
class Stack {
 public:
  void push(const T& item) { items_.push_back(item); }

  T pop() {
    T last = items_.back();
    items_.pop_back();
    return last;
  }

 private:
  std::vector<T> items_;
};

}  // namespace shop
""",
}
