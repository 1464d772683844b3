terraform {
  backend "s3" {
    bucket = "x"
  }
}

resource "aws_s3_bucket" "logs" {
  bucket = "${var.name}-logs"
}

locals { a = 1 }
locals {
  b = <<-EOT
    resource "no" "block" {
    }
  EOT
}

resource "broken" "one" {
  bucket = = "x"
}

module "vpc" {
  source = "./vpc"
}
