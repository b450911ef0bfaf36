module kvstep

go 1.26
