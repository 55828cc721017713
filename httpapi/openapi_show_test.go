package httpapi_test

import "execd/kernel/kerneltest"

// show publishes everything that a notebook may show.
func show(cell *kerneltest.Cell) {
	display := map[string]any{
		"data":      map[string]any{"text/plain": "<Figure>", "application/json": map[string]any{"a": []int{1}}},
		"metadata":  map[string]any{"image/png": map[string]any{"width": 1}},
		"transient": map[string]any{"display_id": "d1"},
	}
	pixels := []byte{0, 255}
	cell.PublishBinary("display_data", nil, display, pixels)
	cell.PublishBinary("update_display_data", nil, display, pixels)
	comm := map[string]any{"comm_id": "c1", "target_name": "jupyter.widget", "data": map[string]any{"state": 1}}
	cell.PublishBinary("comm_open", map[string]any{"version": "2.1.0"}, comm, pixels)
	cell.Publish("error", map[string]any{"ename": "E", "evalue": "v", "traceback": []string{"E: v"}})
	cell.Publish("clear_output", map[string]any{"wait": true})
	cell.Stream("stdout", "\x1b[1mbold\x1b[0m\u2028\n")
	cell.Stream("stderr", "warning\n")
	cell.Result("42")
}
