"""A story played again: growth, choice by choice, or with another model."""
