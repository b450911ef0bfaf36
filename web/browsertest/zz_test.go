package browsertest
import ("testing";"fmt";"os";"strings";"github.com/chromedp/chromedp";"github.com/chromedp/cdproto/emulation")
const zz = `(async () => {
	const slider = document.querySelector("[data-testid=timeline]");
	const log = [];
	let cur;
	const ws = window.kvstepLive.begun;
	const send = WebSocket.prototype.send;
	WebSocket.prototype.send = function (x) { const t0 = performance.now(); send.call(this, x); if (cur) cur.sent ??= performance.now(); };
	ws.addEventListener("message", (e) => { if (cur) { cur.msg ??= e.timeStamp; cur.handled ??= performance.now(); } });
	const paint = () => new Promise((done) => requestAnimationFrame((t) => { if (cur) (cur.raf ??= []).push(performance.now(), t); const c = new MessageChannel(); c.port1.onmessage = () => done(); c.port2.postMessage(0); }));
	for (let i = 0; i < 60; i++) {
		const before = slider.getAttribute("aria-valuenow");
		const start = performance.now();
		cur = {};
		const me = cur;
		document.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true }));
		const key = performance.now();
		while (slider.getAttribute("aria-valuenow") === before) await paint();
		const stage = performance.now();
		while (!window.kvstepPainted()) await paint();
		const r = (x) => Math.round((x - start) * 10) / 10;
		log.push([r(stage), "key", r(key), "sent", r(me.sent), "msg", r(me.msg), "handled", r(me.handled), "raf", ...(me.raf ?? []).map(r), "whole", r(performance.now())].join(" "));
	}
	return log.join("\n");
})()`
func BenchmarkZZ(b *testing.B){
 base:=serve(b)
 path:="/?lang=en"; if os.Getenv("LONG")!="" { path=longPrompt }
 for b.Loop(){ p:=openOn(b,base,path); fmt.Println(eval[string](p,strings.TrimSpace(zz))) }
}
func BenchmarkYY(b *testing.B){
 base:=serve(b)
 path:="/?lang=en"; if os.Getenv("LONG")!="" { path=longPrompt }
 for b.Loop(){ p:=openOn(b,base,path)
  if _,err:=chromedp.Call(p.ctx, emulation.SetCPUThrottlingRate, emulation.SetCPUThrottlingRateParams{Rate:4}); err!=nil { b.Fatal(err) }
  noted:=p.trace(func(){ for range 40 { _ = p.keyToPaint(1) }
    for _,k:=range strings.Split(os.Getenv("JS"),";;") { if k!="" { fmt.Println("js",k); p.js(k); p.painted() } }
  })
  for i,n:=range noted { if n.Name=="RunTask" && n.Long>60000 { fmt.Printf("task at %.0f: %.1f ms wall %.1f cpu\n",(n.At-noted[0].At)/1000,n.Long/1000,n.Own/1000)
    for _,m:=range noted[i+1:] { if m.At>n.At+n.Long { break }; if m.Long>8000 { fmt.Printf("      %s %.1f wall %.1f cpu %s\n",m.Name,m.Long/1000,m.Own/1000,m.Args.Data.Type) } } } }
 }
}
