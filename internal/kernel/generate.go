package kernel

//go:generate sh -c "cd gen && go run . -family gemm -out ../gemm_amd64.s -stubs ../gemm_amd64.go -pkg kernel"
//go:generate sh -c "cd gen && go run . -family vector -out ../vector_amd64.s -pkg kernel"
//go:generate sh -c "cd gen && go run . -family winograd -out ../winograd_amd64.s -stubs ../winograd_amd64.go -pkg kernel"
//go:generate sh -c "cd gen && go run . -family rows -out ../rows_amd64.s -stubs ../rows_amd64.go -pkg kernel"
